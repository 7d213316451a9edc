//! The rules of the house: aggregates that decide and evolve.
//!
//! Everything here is pure. Time, ids and what a provider answered come in with the command; what happened goes out as
//! events. The modules in [`crate::command`] bind the aggregates to the event store.

mod aggregate;
mod canonical_link;
mod ids;
mod link;
mod money;
pub mod order;
pub mod provider;
pub mod refusal;
pub mod reservation;
pub mod routing;
pub mod service;
pub mod settlement;
pub mod sync;

pub use aggregate::{Aggregate, Event};
pub use ids::{
    AttemptId, CredentialId, Incarnation, InvalidId, OrderId, Position, ProviderId, ServiceId,
    SyncId,
};
pub use link::{InvalidLink, Link};
pub use money::{Balance, charge_for};
