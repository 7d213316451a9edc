//! An upstream provider: a panel that we buy from, with an account and a key of ours.

mod command;
mod error;
mod event;
mod name;
mod score;
mod state;
mod sync_interval;
#[cfg(test)]
mod tests;
mod url;

pub use command::{
    Activation, DeclaredUse, Dependents, KeyReference, ProviderChanges, ProviderCommand,
};
pub use error::ProviderError;
pub use event::ProviderEvent;
pub use name::{InvalidName, ProviderName};
pub use score::{DELIVERY_DAYS, Measures, PLACEMENT_DAYS, Score, WHOLE_PPM};
pub use state::{BalanceReading, Lifecycle, Provider};
pub use sync_interval::{InvalidSyncInterval, SyncInterval};
pub use url::{InvalidUrl, ProviderUrl, UpstreamPolicy, is_public};

/// Priorities run from 1, tried first, to this.
pub const MAX_PRIORITY: i32 = 1_000_000;
