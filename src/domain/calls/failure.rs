use serde::{Deserialize, Serialize};

/// How a call came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallFailureKind {
    /// No connection came about: nothing was sent.
    Unreachable,
    /// No whole answer came in time.
    TimedOut,
    /// The connection ended before the answer was complete, or the answer was far too large.
    Broken,
    /// The answer is not what was asked for: a page, a warning, a reply without what it should hold.
    Unreadable,
    /// The provider answered an error.
    Refused,
    /// We stopped waiting: the program was stopping, or not the one that dispatches any more.
    Abandoned,
}

impl CallFailureKind {
    /// Returns the word that events and tables have for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::TimedOut => "TIMED_OUT",
            Self::Broken => "BROKEN",
            Self::Unreadable => "UNREADABLE",
            Self::Refused => "REFUSED",
            Self::Abandoned => "ABANDONED",
        }
    }
}
