//! Calls to a provider, summed up: how many, how quick, and what went wrong.
//!
//! # Shape
//! [`CallSums`] takes in one call after another; a minute of them becomes one [`CallsEvent`] in a stream of its own, so that
//! neither the provider's stream grows with them nor what is decided on it conflicts.
//!
//! # Correctness
//! Whole numbers only. Texts are bounded in number, so that a panel that never says the same twice makes no event large.
//! [`DurationBucket`] is computed here alone, and stands in the event.

mod bucket;
mod event;
mod failure;
mod state;
mod sums;
#[cfg(test)]
mod tests;

pub use bucket::DurationBucket;
pub use event::{ActionCalls, CallsEvent, DurationCount, FailureCount, TextCount};
pub use failure::CallFailureKind;
pub use state::{CallsCommand, CallsError, ProviderCalls};
pub use sums::{CallSums, EndedCall, MAX_TEXTS, MetText};
