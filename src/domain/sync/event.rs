use serde::{Deserialize, Serialize};

use crate::domain::{Incarnation, ProviderId, aggregate::event_types};

/// What set a run off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SyncTrigger {
    /// An operator asked for it.
    Manual,
    /// Its time had come.
    Scheduled,
    /// The provider refused a service that its list had.
    ServiceRefused,
}

/// How many services a run left in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SyncCounts {
    /// New in the catalogue.
    pub imported: i64,
    /// Repriced, changed, back in the list, or their id reused.
    pub updated: i64,
    /// No longer in the provider's list.
    pub delisted: i64,
    /// As before.
    pub unchanged: i64,
}

/// What can have happened to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum SyncEvent {
    /// The provider is about to be asked for its services.
    SyncStarted {
        /// Whose catalogue.
        provider_id: ProviderId,
        /// What set it off.
        trigger: SyncTrigger,
        /// Which tenure runs it: with that over, so is the run.
        incarnation: Incarnation,
    },
    /// Every row that could be read was taken over.
    SyncCompleted {
        /// Whose catalogue.
        provider_id: ProviderId,
        /// What changed.
        #[serde(flatten)]
        counts: SyncCounts,
        /// By row, in words.
        errors: Vec<String>,
    },
    /// The run stopped early.
    SyncFailed {
        /// Whose catalogue.
        provider_id: ProviderId,
        /// What had changed by then.
        #[serde(flatten)]
        counts: SyncCounts,
        /// What stopped it comes first, then the errors by row.
        errors: Vec<String>,
    },
}

event_types!(SyncEvent { SyncStarted, SyncCompleted, SyncFailed });
