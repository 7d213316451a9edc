//! Asks every active provider again and again what our account there holds, unless it is probed because it was set aside.
//!
//! # Shape
//! [`BalanceMonitor`] is the loop: `timetable` says who is due, the balance call is a free one, and the provider's aggregate
//! makes of its answer what is news: another balance, a low one, a provider that is down or answers again.
//!
//! # Correctness
//! A probe is a balance call too, and begins and ends the same alarms ([`ProviderHealth`](super::ProviderHealth)), so nobody
//! is asked by both. Only the process that dispatches asks. When the next call is due, and how many failed on end, are no facts and are lost
//! with the process: an alarm comes some calls later then. Which alarms last is on record, so none is raised twice.
//!
//! # Cost
//! A call for each provider and interval, some at a time; between them nothing but a look at the catalogue in memory.

mod look;
mod pace;
mod run;
mod timetable;

pub use pace::BalancePace;
pub use run::{BalanceMonitor, BalanceMonitorNeeds};
