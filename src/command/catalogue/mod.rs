//! All providers and services, held in memory.
//!
//! # Shape
//! [`Snapshot`] is the fold of their streams; [`Catalogue`] keeps one in step with the journal. Commands on providers
//! and services decide on it without a read, orders are routed by it without a database on the way.
//!
//! # Correctness
//! It may lag a few milliseconds behind. That is harmless: every append names the versions that it was decided on, and
//! conflicts where they have moved.

mod live;
mod snapshot;

pub use live::Catalogue;
pub use snapshot::{Snapshot, Versioned};
