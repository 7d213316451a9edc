use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CallSums, CallsEvent};
use crate::domain::{Aggregate, ProviderId};

/// The calls that one process made to one provider in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ProviderCalls {
    /// Not summed up yet.
    #[default]
    Open,
    /// On record.
    Summed,
}

/// What may be asked of the calls of a minute.
#[derive(Debug, Clone)]
pub enum CallsCommand {
    /// Sum them up.
    Sum {
        /// Who was called.
        provider_id: ProviderId,
        /// When the minute began.
        minute: DateTime<Utc>,
        /// The calls.
        sums: CallSums,
    },
}

/// Why a command on the calls of a minute was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallsError {
    /// They count once.
    #[error("the calls of this minute are summed up already")]
    AlreadySummed,
}

impl Aggregate for ProviderCalls {
    const TYPE: &'static str = "calls";
    type Command = CallsCommand;
    type Event = CallsEvent;
    type Error = CallsError;

    fn decide(&self, command: CallsCommand) -> Result<Vec<CallsEvent>, CallsError> {
        let CallsCommand::Sum { provider_id, minute, sums } = command;
        if *self == Self::Summed {
            return Err(CallsError::AlreadySummed);
        }
        let actions = sums.into_actions();
        Ok(match actions.is_empty() {
            true => vec![],
            false => vec![CallsEvent::CallsSummed { provider_id, minute, actions }],
        })
    }

    fn evolve(&mut self, event: &CallsEvent) {
        match event {
            CallsEvent::CallsSummed { .. } => *self = Self::Summed,
        }
    }
}
