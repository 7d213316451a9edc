//! Settles what is in doubt by the provider's own list of orders, where it has one.
//!
//! # Shape
//! [`DoubtSettlement`] is the loop: `load` finds the attempts in doubt, `ask` makes one call to each provider that has
//! some, and [`crate::domain::settlement`] says what two answers on end prove. What they prove goes the way of an
//! operator's word, and the note on record carries the evidence.
//!
//! # Correctness
//! Only the process that dispatches asks. What is known of our own orders is looked up after the provider has answered,
//! so that an order answered meanwhile is not taken for one that nobody claims. Readings are no facts and are lost with
//! the process; the next one reads twice again. A provider without such a list is asked ever more rarely, and the attempt
//! stays held.

mod ask;
mod load;
mod pace;
mod settle;

pub use pace::DoubtPace;
pub use settle::{DoubtSettlement, DoubtSettlementNeeds};
