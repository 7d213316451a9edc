//! All providers and services, held in memory.
//!
//! # Shape
//! [`Snapshot`] is the fold of their streams; [`Catalogue`] keeps one in step with the journal. Commands on providers
//! and services decide on it without a read, orders are routed by it without a database on the way.
//!
//! # Correctness
//! It may lag a few milliseconds behind. What is appended on its word names the versions that it was decided on, all of
//! one snapshot, and conflicts where they have moved. A verdict that rests on something missing names no version, so
//! whoever is about to give one catches up with the journal first.

mod live;
mod snapshot;

pub use live::Catalogue;
pub use snapshot::{ChosenVersions, Route, Snapshot, Versioned};
