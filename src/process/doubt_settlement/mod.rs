//! Settles what is in doubt by evidence.
//!
//! # Shape
//! [`DoubtSettlement`] is the loop: `load` finds the attempts in doubt, `ask` makes the calls to each provider that has
//! some, `known` says what is on record beside them, `look` puts that together, and [`crate::domain::settlement`] says what
//! two looks on end prove. `words` sums a look up for the record. What is proved goes the way of an operator's word.
//! `give_up` applies the services' policies, and `baseline` reads the balance of an account that was declared exclusive.
//!
//! # Correctness
//! Only the process that dispatches asks. What is known of our own orders is looked up after the provider has answered,
//! so that an order answered meanwhile is not taken for one that nobody claims. That two looks say the same is kept in
//! memory and lost with the process; the next one looks twice again. The record of a look is an event, and proves nothing
//! by itself.
//!
//! # Cost
//! A look is a call for the list; at an exclusive provider with nothing else open also one for the balance and one for the
//! statuses of our own orders; and without a list up to three more for ids. An attempt that stays in doubt is looked at ever more rarely, and a look that shows nothing new is not recorded.

mod ask;
mod baseline;
mod give_up;
mod known;
mod load;
mod look;
mod pace;
mod settle;
mod words;

pub use pace::DoubtPace;
pub use settle::{DoubtSettlement, DoubtSettlementNeeds};
