//! What the API can be asked to do: one file an action.

mod action;
mod add;
mod balance;
mod cancel;
mod orders;
mod refill;
mod refusal;
mod services;
mod status;

pub use action::Action;
pub(super) use refusal::Refusal;
