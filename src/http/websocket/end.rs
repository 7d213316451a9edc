use axum::extract::ws::{CloseFrame, close_code};

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client is gone, or takes nothing any more.
    Gone,
    /// The service stops; the client is to connect again.
    Stopping,
    /// A message that the protocol does not have.
    BadMessage(&'static str),
    /// The token is missing or wrong.
    Unauthorized,
    /// The client speaks another protocol.
    OtherProtocol,
    /// No `connection_init` in time.
    InitTimeout,
    /// An operation under the id of one that is under way.
    IdTaken,
    /// A second `connection_init`.
    SecondInit,
}

impl End {
    /// Returns what the client is told, in the codes and words of the protocol.
    pub(super) fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::Stopping => (close_code::AWAY, "the service stops"),
            Self::BadMessage(problem) => (4400, problem),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::OtherProtocol => (4406, "Subprotocol not acceptable"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::IdTaken => (4409, "Subscriber for this id already exists"),
            Self::SecondInit => (4429, "Too many initialisation requests"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}
