use super::{decode::Unexpected, transport::TransportFault};

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
    /// The program ends while the answer is being read.
    #[error("the program is stopping: the answer was not read")]
    Stopping,
}
