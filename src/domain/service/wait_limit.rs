use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Longest wait: seven days.
const MAX_MINUTES: i32 = 7 * 24 * 60;

/// How long an order waits for providers that are set aside before it is given up, in minutes; 0 is not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WaitLimit(i32);

/// What is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wait is {0} minutes: give 0, for not at all, to {MAX_MINUTES}")]
pub struct InvalidWaitLimit(pub i32);

impl WaitLimit {
    /// What holds where nobody says otherwise.
    pub const DEFAULT_MINUTES: i32 = 60;

    /// Takes a number of minutes.
    ///
    /// # Errors
    /// [`InvalidWaitLimit`] outside 0 to seven days.
    pub fn try_new(minutes: i32) -> Result<Self, InvalidWaitLimit> {
        match minutes {
            0..=MAX_MINUTES => Ok(Self(minutes)),
            _ => Err(InvalidWaitLimit(minutes)),
        }
    }

    /// Returns the minutes.
    pub fn minutes(self) -> i32 {
        self.0
    }

    /// Returns the limit as a span.
    pub fn span(self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.0))
    }
}

impl Default for WaitLimit {
    /// An hour.
    fn default() -> Self {
        Self(Self::DEFAULT_MINUTES)
    }
}
