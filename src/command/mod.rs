//! Commands: load, decide, append.

mod error;
mod order;
mod provider;
mod service;

pub use error::CommandError;
pub use order::{PlaceOrder, SettleAttempt};
pub use provider::{AddProvider, UpdateProvider};
pub use service::ServicePatch;

use crate::domain::Position;

/// What a command came to, and where in the journal it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What it was about.
    pub value: T,
    /// Position of its last event; of an earlier one where there was nothing to change.
    pub position: Position,
}

/// What may be asked of the installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Commands;
