//! Drives orders to a provider.
//!
//! # Shape
//! [`Dispatch`] is the loop: it holds the tenure (`tenure`), hears of orders that are free, and gives each a task of
//! its own. `drive` is one order's way; `call` makes the provider call, `record` puts its outcome on record, `findings` tells
//! the watch on providers' health of it. `waiting` is for orders that nobody can take now. `lines` keeps the lines of orders
//! that wait for one another on their links, `link` is an order's turn in one.
//!
//! # Correctness
//! An attempt is on record before its first byte goes out, and appending it is the claim: only one can succeed. What a
//! dead tenure left without an outcome is in doubt, and never sent again. An outcome in hand is recorded as soon as the
//! database takes it. Every append names the versions that it was decided on.
//!
//! # Cost
//! For an order: one commit to place it (with its first attempt, where a permit is free), one for each outcome (with the
//! next attempt, where a permit is free).

mod call;
mod dispatch;
mod drive;
mod findings;
mod lines;
mod link;
mod record;
mod report;
mod takeover;
mod tenure;
mod waiting;

pub use dispatch::{Dispatch, DispatchNeeds, DispatchPace, DispatchStatus};
