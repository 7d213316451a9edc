//! A customer's order: placed once, tried at one provider after the other, at most one of which holds it, and followed
//! there to its end.

mod attempt;
mod command;
mod decide;
mod delivery;
mod error;
mod event;
mod fields;
mod follow_up;
mod remainder;
mod state;
#[cfg(test)]
mod tests;

pub use attempt::{Attempt, AttemptState};
pub use command::{Claim, NextStep, OrderCommand, ProviderAnswer, Waiting};
pub use delivery::{Delivery, DeliveryStatus, Refill, RefillStatus, StatusReading};
pub use error::OrderError;
pub use event::{OrderEvent, SettledAs};
pub use fields::{InvalidFields, OrderFields, OrderRequest};
pub use follow_up::Holding;
pub use remainder::{
    Overall, Remainder, RemainderOf, RemainderOrder, RemainderPlan, RemainderRequest, Shortfall,
};
pub use state::{Order, Progress};

/// The account that orders belong to until there are others; it is never charged.
pub const HOUSE_ACCOUNT: &str = "house";
