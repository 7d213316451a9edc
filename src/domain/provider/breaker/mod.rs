//! The circuit breaker: a failing provider is set aside, and found out to work again at the price of one order.
//!
//! # Shape
//! [`Outcome::bearing`] says what an attempt's end means for its provider. [`Window`] counts, and says when it is enough.
//! [`Breaker`] is where a provider stands, folded from its events: closed, open until a deadline, or half-open, when one
//! order tries it. [`BreakerPolicy`] has the figures.
//!
//! # Correctness
//! That a provider is set aside is a fact with a deadline, so a restart changes nothing. What was counted before is not: a
//! window begins anew with the process. Time and randomness come in from outside.

mod bearing;
mod cause;
mod policy;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use bearing::{Bearing, Outcome};
pub use cause::{ResumedBy, SuspensionCause};
pub use policy::{BackOff, BreakerPolicy};
pub use state::{Breaker, Circuit, Suspension, Trial, Verdict};
pub use window::{Trip, Window};
