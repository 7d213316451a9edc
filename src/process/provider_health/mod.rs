//! Sets failing providers aside, and finds out when they work again.
//!
//! # Shape
//! [`ProviderHealth`] is the loop. It hears from the dispatcher how attempts end ([`AttemptReports`]), counts them for each
//! provider, and puts on record that one is set aside. `probe` asks those whose pause is over, by the balance call, which
//! costs nothing; `trial` sees to it that an order which tries a provider leaves a verdict.
//!
//! # Correctness
//! Only the process that dispatches does any of this. What it acts on is the state of the providers in the catalogue, never
//! its own memory of what it did: another process may have done it, or an operator. The counts alone are memory, and begin
//! anew with a tenure. A report that is lost, as when the database is away, is made up for by the next one; a trial's
//! verdict is read from its order then. A sync that was asked for and is not on record is owed by the next tenure.

mod pace;
mod probe;
mod report;
mod run;
mod sync;
mod trial;

pub use pace::HealthPace;
pub use report::{AttemptReport, AttemptReports};
pub use run::{ProviderHealth, ProviderHealthNeeds};
