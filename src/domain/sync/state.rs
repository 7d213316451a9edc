use serde::{Deserialize, Serialize};

use super::{SyncCounts, SyncEvent, SyncTrigger};
use crate::domain::{Aggregate, Incarnation, ProviderId};

/// Most errors that a run keeps; the rest are counted.
const MAX_ERRORS: usize = 200;

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SyncRun {
    /// Not begun.
    #[default]
    Absent,
    /// Under way, for this provider.
    Running(ProviderId),
    /// Over, well or badly.
    Ended,
}

/// What may be asked of a run.
#[derive(Debug, Clone)]
pub enum SyncCommand {
    /// Begin.
    Start {
        /// Whose catalogue.
        provider_id: ProviderId,
        /// What sets it off.
        trigger: SyncTrigger,
        /// Which tenure runs it.
        incarnation: Incarnation,
    },
    /// Note that it ended well.
    Complete {
        /// What changed.
        counts: SyncCounts,
        /// By row, in words.
        errors: Vec<String>,
    },
    /// Note what stopped it.
    Fail {
        /// What had changed by then.
        counts: SyncCounts,
        /// What stopped it comes first, then the errors by row.
        errors: Vec<String>,
    },
}

/// Why a command on a run was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    /// The run has begun before.
    #[error("the sync has already started")]
    AlreadyStarted,
    /// The run is over, or never began.
    #[error("the sync is not running")]
    NotRunning,
}

impl Aggregate for SyncRun {
    const TYPE: &'static str = "sync";
    type Command = SyncCommand;
    type Event = SyncEvent;
    type Error = SyncError;

    fn decide(&self, command: SyncCommand) -> Result<Vec<SyncEvent>, SyncError> {
        let event = match (self, command) {
            (Self::Absent, SyncCommand::Start { provider_id, trigger, incarnation }) => {
                SyncEvent::SyncStarted { provider_id, trigger, incarnation }
            }
            (_, SyncCommand::Start { .. }) => return Err(SyncError::AlreadyStarted),
            (Self::Running(provider_id), SyncCommand::Complete { counts, errors }) => {
                let errors = shortened(errors);
                SyncEvent::SyncCompleted { provider_id: *provider_id, counts, errors }
            }
            (Self::Running(provider_id), SyncCommand::Fail { counts, errors }) => {
                let errors = shortened(errors);
                SyncEvent::SyncFailed { provider_id: *provider_id, counts, errors }
            }
            (Self::Absent | Self::Ended, _) => return Err(SyncError::NotRunning),
        };
        Ok(vec![event])
    }

    fn evolve(&mut self, event: &SyncEvent) {
        *self = match event {
            SyncEvent::SyncStarted { provider_id, .. } => Self::Running(*provider_id),
            SyncEvent::SyncCompleted { .. } | SyncEvent::SyncFailed { .. } => Self::Ended,
        };
    }
}

fn shortened(mut errors: Vec<String>) -> Vec<String> {
    let more = errors.len().saturating_sub(MAX_ERRORS);
    errors.truncate(MAX_ERRORS);
    if more > 0 {
        errors.push(format!("and {more} more"));
    }
    errors
}
