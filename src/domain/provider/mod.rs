//! An upstream provider: a panel that we buy from, with an account and a key of ours.

mod balance_watch;
mod breaker;
mod command;
mod description;
mod dialect;
mod error;
mod event;
mod health;
mod limits;
mod name;
mod score;
mod spending;
mod state;
mod sync_interval;
#[cfg(test)]
mod tests;
mod url;

pub use balance_watch::BalanceWatch;
pub use breaker::{
    BackOff, Bearing, Breaker, BreakerPolicy, Circuit, Outcome, ResumedBy, Suspension,
    SuspensionCause, Trial, Trip, Verdict, Window,
};
pub use command::{
    Activation, DeclaredUse, Dependents, KeyReference, NoBalance, ProviderChanges, ProviderCommand,
    ProviderTerms, Silence,
};
pub use description::{Description, InvalidDescription};
pub use dialect::{Dialect, Encoding, InvalidDialect, KeyPlace, Method};
pub use error::ProviderError;
pub use event::ProviderEvent;
pub use health::{Alarms, DOWN_AFTER, Unanswered};
pub use limits::{CONCURRENT_CALLS, InvalidLimit, LimitChanges, ProviderLimits};
pub use name::{InvalidName, ProviderName};
pub use score::{Basis, DELIVERY_DAYS, Measures, PLACEMENT_DAYS, Score, WHOLE_PPM};
pub use spending::{SPENDING_HOURS, Spending};
pub use state::{BalanceReading, Lifecycle, Provider};
pub use sync_interval::{InvalidSyncInterval, SyncInterval};
pub use url::{InvalidUrl, ProviderUrl, UpstreamPolicy, is_public};

/// Priorities run from 1, tried first, to this.
pub const MAX_PRIORITY: i32 = 1_000_000;
