//! Asks providers how the orders stand that they hold, and how the refills that they took.
//!
//! # Shape
//! [`StatusPoll`] is the loop. `load` reads at the start of a tenure what is to be watched, the journal adds to it, and
//! `schedule` says what is due; `ask` makes one call about up to a hundred orders and puts on record what is new. `ended`
//! brings orders that have ended back for one more look, and `pace` says how long to wait.
//!
//! # Correctness
//! Only the process that dispatches asks, and only the provider that holds an order is asked about it. When something is
//! due is no fact, so it is in no event: it follows from facts and the clock, and what is open is spread anew at each start,
//! so that a restart sets off no storm. A provider that asks to be left alone keeps its line busy for as long. What an answer
//! leaves out, or an error about one order, changes nothing. An order that has ended is looked at for some more days, because
//! providers revert what they called ended.
//!
//! # Cost
//! One call at a time to a provider. What says the same as last time costs no look at the order; what is new, one load and
//! one append of its own, which share a commit with others of the batch. In memory a few hundred bytes for each order that
//! is open; those that have ended are read from the read model when it is their time.

mod ask;
mod ended;
mod load;
mod pace;
mod poll;
mod schedule;
mod watch;

pub(super) use pace::LOOKED_AT_DAYS;
pub use pace::StatusPace;
pub use poll::{StatusPoll, StatusPollNeeds};
