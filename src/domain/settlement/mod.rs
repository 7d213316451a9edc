//! What a provider's own list of orders proves of an attempt in doubt.
//!
//! # Correctness
//! One reading proves nothing: [`Verdict::confirmed_by`] asks for two that say the same. A listed order is taken for ours
//! only where it is the only one that can be, and an attempt for not placed only where nothing listed could be it, the
//! list reaches back to before the attempt, and the time in which the provider may still take it is over. Everything else
//! is [`Verdict::Inconclusive`], and the attempt stays held.
//!
//! What no list can show: an order for the same service, link and quantity that somebody enters at the panel by hand while
//! an attempt that was lost is in doubt. It delivers what ours would have, and is taken for it.

mod judge;
mod reading;
#[cfg(test)]
mod tests;

pub use judge::{Verdict, Why, judge};
pub use reading::{Doubt, ListedOrder, Reading};
