use serde::{Deserialize, Serialize};

/// Longest interval: thirty days.
const MAX_MINUTES: i32 = 30 * 24 * 60;

/// How often a provider's catalogue is synced by itself, in minutes; or that it never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SyncInterval(Option<i32>);

/// What is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sync interval is {0} minutes: give 1 to {MAX_MINUTES}, or 0 for never")]
pub struct InvalidSyncInterval(pub i32);

impl SyncInterval {
    /// Not by itself.
    pub const NEVER: Self = Self(None);

    /// Takes a number of minutes, of which 0 is never.
    ///
    /// # Errors
    /// [`InvalidSyncInterval`] outside 0 to thirty days.
    pub fn try_new(minutes: i32) -> Result<Self, InvalidSyncInterval> {
        match minutes {
            0 => Ok(Self::NEVER),
            1..=MAX_MINUTES => Ok(Self(Some(minutes))),
            _ => Err(InvalidSyncInterval(minutes)),
        }
    }

    /// Returns the minutes; `None` is never.
    pub fn minutes(self) -> Option<i32> {
        self.0
    }
}

impl Default for SyncInterval {
    /// Six hours.
    fn default() -> Self {
        Self(Some(6 * 60))
    }
}
