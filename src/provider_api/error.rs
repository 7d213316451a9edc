use super::{
    decode::{NoAnswers, Unexpected},
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
}

/// The same before its words are cleaned.
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
            Self::Unexpected(unexpected) | Self::NoLists(unexpected) => match unexpected {
                Unexpected::KeyRefused(_) | Unexpected::Error { .. } => CallFailureKind::Refused,
                _ => CallFailureKind::Unreadable,
            },
            Self::Stopping => CallFailureKind::Abandoned,
        }
    }

    /// Tells of it to whoever keeps count of calls.
    pub(super) fn told(&self, redactor: &Redactor) -> FailedCall {
        FailedCall::new(self.kind(), &redactor.words(&self.to_string()))
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
