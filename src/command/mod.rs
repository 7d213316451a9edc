//! Commands: load, decide, append.
//!
//! # Shape
//! [`Commands`] has one method for each intention. Providers and services are decided on as the [`Catalogue`] holds
//! them, orders as [`JournalStore`] loads them; either way the versions decided on go with the append.
//!
//! # Correctness
//! A command that loses a race is decided anew. Nothing is read back from the read models, but for what depends on a
//! provider or service before it goes: there the read models are awaited up to the journal's end.

mod breaker;
mod catalogue;
mod claims;
mod commands;
mod cqrs;
mod error;
mod error_texts;
mod follow_up;
mod link_lines;
mod numbers;
mod order;
mod permits;
mod provider;
mod race;
mod recent;
mod remainder;
mod service;
mod sync;

pub use catalogue::{Catalogue, ChosenVersions, Route, Snapshot, Versioned};
pub use claims::{Claims, DriveGuard, StartedAttempt, Ticket, Work};
pub use commands::{CommandNeeds, Commands, Done};
pub use cqrs::{JournalStore, Loaded, Stored};
pub use error::CommandError;
pub use error_texts::ReclassifyErrorText;
pub use link_lines::{LinkLines, LinkedOrder, Turn};
pub(crate) use order::held_order;
pub use order::{PlaceOrder, SettleAttempt};
pub use permits::SendPermit;
pub use provider::{AddProvider, UpdateProvider};
pub use service::ServicePatch;
pub use sync::{CompleteList, TakenOver};
