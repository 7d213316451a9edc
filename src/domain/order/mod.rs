//! A customer's order: placed once, tried at one provider after the other, at most one of which holds it.

mod attempt;
mod command;
mod decide;
mod error;
mod event;
mod fields;
mod state;
#[cfg(test)]
mod tests;

pub use attempt::{Attempt, AttemptState};
pub use command::{Claim, NextStep, OrderCommand, ProviderAnswer};
pub use error::OrderError;
pub use event::{OrderEvent, SettledAs};
pub use fields::{InvalidFields, OrderFields, OrderRequest};
pub use state::{Order, Progress};

/// The account that orders belong to until there are others; it is never charged.
pub const HOUSE_ACCOUNT: &str = "house";
