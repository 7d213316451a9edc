use chrono::TimeDelta;

use super::{
    decode::{NoAnswers, Unexpected},
    meanings::Meanings,
    redact::Redactor,
    transport::TransportFault,
    watch::FailedCall,
};
use crate::domain::calls::CallFailureKind;

/// Why a reading call brought no result, in words for an operator: exact, without the key, at most 500 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CallFailure {
    /// The words.
    pub reason: String,
    /// From the start of the call to its failure, in milliseconds.
    pub response_ms: i64,
    /// For how long the provider asks to be left alone, where it does.
    pub retry_after: Option<TimeDelta>,
}

/// The same before its words are cleaned.
#[derive(Debug)]
pub(super) struct FailedRead {
    pub(super) fault: CallFault,
    /// For how many seconds the provider asks to be left alone.
    pub(super) retry_after: Option<i64>,
}

impl FailedRead {
    pub(super) fn cleaned(self, redactor: &Redactor, response_ms: i64) -> CallFailure {
        let retry_after = self.retry_after.and_then(TimeDelta::try_seconds);
        CallFailure { reason: redactor.words(&self.fault.to_string()), response_ms, retry_after }
    }
}

/// Why a reading call brought no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallFault {
    /// No whole answer came.
    #[error(transparent)]
    Transport(#[from] TransportFault),
    /// The answer is not what was asked for.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
    /// The panel takes no lists of ids.
    #[error(transparent)]
    NoLists(Unexpected),
    /// The program ends while the answer is being read.
    #[error("the program is stopping: the answer was not read")]
    Stopping,
}

impl CallFault {
    /// Says in which way the call came to nothing.
    pub(super) fn kind(&self) -> CallFailureKind {
        match self {
            Self::Transport(fault) => fault.kind(),
            Self::Unexpected(_) | Self::NoLists(_) => match self.answered() {
                Some(_) => CallFailureKind::Refused,
                None => CallFailureKind::Unreadable,
            },
            Self::Stopping => CallFailureKind::Abandoned,
        }
    }

    /// Says of the provider's words what they mean.
    pub(super) fn told_by(self, meanings: &Meanings<'_>) -> Self {
        match self {
            Self::Unexpected(unexpected) => Self::Unexpected(unexpected.told_by(meanings)),
            Self::NoLists(unexpected) => Self::NoLists(unexpected.told_by(meanings)),
            other => other,
        }
    }

    /// Tells of it to whoever keeps count of calls.
    pub(super) fn failed_call(&self, meanings: &Meanings<'_>) -> FailedCall {
        let failed = FailedCall::new(self.kind(), &meanings.words(&self.to_string()));
        FailedCall { text: self.answered().and_then(|words| meanings.met(words)), ..failed }
    }

    /// Returns the error that the provider answered, in its own words.
    fn answered(&self) -> Option<&str> {
        match self {
            Self::Unexpected(unexpected) | Self::NoLists(unexpected) => match unexpected {
                Unexpected::KeyRefused { words, .. } | Unexpected::Error { words, .. } => {
                    Some(words)
                }
                _ => None,
            },
            Self::Transport(_) | Self::Stopping => None,
        }
    }
}

impl From<NoAnswers> for CallFault {
    fn from(none: NoAnswers) -> Self {
        match none {
            NoAnswers::Failed(unexpected) => Self::Unexpected(unexpected),
            NoAnswers::NoLists(unexpected) => Self::NoLists(unexpected),
        }
    }
}
