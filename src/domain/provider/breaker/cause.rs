use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a provider is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionCause {
    /// Attempt after attempt failed.
    FailuresInARow,
    /// Too large a share of the last attempts failed.
    FailureShare,
    /// Our account there is empty.
    WalletEmpty,
    /// It does not accept our key.
    BadKey,
    /// It asked to be left alone for a while.
    RetryAfter,
    /// The order that was to try it failed there.
    TrialFailed,
    /// An operator said so.
    Operator,
}

impl fmt::Display for SuspensionCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FailuresInARow => "attempt after attempt failed",
            Self::FailureShare => "too many attempts failed",
            Self::WalletEmpty => "our account there is empty",
            Self::BadKey => "it does not accept our key",
            Self::RetryAfter => "it asked to be left alone",
            Self::TrialFailed => "the last order that tried it failed",
            Self::Operator => "an operator set it aside",
        })
    }
}

/// What put a provider back to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResumedBy {
    /// It took the order that tried it.
    Trial,
    /// An operator said so.
    Operator,
}
