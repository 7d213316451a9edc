//! Keeps count of every call to a provider, and a log of them.
//!
//! # Shape
//! The client tells the [`CallBook`] of every call that has ended, whoever made it. [`CallSummary`] puts
//! each minute on record once it is over, one event for a provider; [`CallLog`] writes the calls themselves
//! into a table beside the journal, and sweeps it.
//!
//! # Correctness
//! Every process counts the calls that it makes, in the minute in which they ended. What is not on record yet is lost in a
//! crash: the running minute, and what the database did not take before. A program that is stopped puts the running minute
//! on record, too. The log is for troubleshooting, and nothing rests on it: what comes faster than it can be written is
//! dropped and counted, so that no order waits for it.
//!
//! # Cost
//! A lock held for some hundred nanoseconds at the end of a call, and a place in a queue.

mod book;
mod log;
mod pace;
mod sum;

pub use book::CallBook;
pub use log::{CallLog, CallLogNeeds};
pub use pace::CallPace;
pub use sum::{CallSummary, CallSummaryNeeds};
