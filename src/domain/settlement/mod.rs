//! What a provider's own list of orders proves of an attempt in doubt.
//!
//! # Correctness
//! One reading proves nothing: [`Verdict::confirmed_by`] asks for two that say the same. An attempt is taken for not placed
//! only where nothing listed could be it, the list reaches back to before the attempt, and the time in which the provider
//! may still take it is over. Everything else is [`Verdict::Inconclusive`], and the attempt stays held: an order that looks
//! like ours may have been entered at the panel by hand.

mod judge;
mod reading;
#[cfg(test)]
mod tests;

pub use judge::{Verdict, Why, judge};
pub use reading::{Doubt, ListedOrder, Reading};
