//! What evidence proves of an attempt in doubt.
//!
//! # Shape
//! Three kinds of evidence, best first: the provider's own list of our orders ([`judge()`]); and, of a provider without one,
//! what our account there has spent ([`Purse`]) together with the ids after the last that we know ([`Scan`]), which
//! [`judge_account`] holds against each other.
//!
//! # Correctness
//! One reading proves nothing: [`Verdict::confirmed_by`] asks for two that say the same. An attempt is taken for not placed
//! only once the time in which the provider may still take it is over. That it was placed is proved only where nobody but
//! us orders ([`AccountUse::Exclusive`]), where exactly one order that nobody claims fits exactly one attempt. Everything
//! else is [`Verdict::Inconclusive`], and the attempt stays held.

mod account;
mod doubt;
mod judge;
mod purse;
mod reading;
mod scan;
#[cfg(test)]
mod tests;
mod verdict;

pub use account::{Account, judge_account};
pub use doubt::{AccountUse, Anchor, Doubt, same_target};
pub use judge::judge;
pub use purse::{BalanceBefore, Known, OwnOrder, Purse, Spent};
pub use reading::{ListedOrder, Reading};
pub use scan::{FoundOrder, IDS_A_SCAN, Said, Scan, ScanPlan};
pub use verdict::{Verdict, Why};
