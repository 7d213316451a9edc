use std::time::Duration;

use crate::{domain::provider::DOWN_AFTER, process::timing::spread};

/// How providers are asked for balances.
#[derive(Debug, Clone, Copy)]
pub struct BalancePace {
    /// Between two calls to a provider; `None` is never.
    pub interval: Option<Duration>,
    /// Between two looks at who is due.
    pub glance: Duration,
    /// After a call that failed, until the provider counts as down; at most the interval.
    pub retry: Duration,
    /// How many calls fail on end until a provider counts as down.
    pub down_after: u32,
    /// Most calls under way.
    pub at_once: usize,
}

impl BalancePace {
    /// Minutes between two calls, where nobody says otherwise.
    pub const DEFAULT_MINUTES: u32 = 5;

    /// Asks every so many minutes; 0 is never.
    pub fn every_minutes(minutes: u32) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            interval: (minutes > 0).then(|| minute * minutes),
            glance: Duration::from_secs(1),
            retry: minute / 2,
            down_after: DOWN_AFTER,
            at_once: 8,
        }
    }

    /// The wait after a call, with jitter: up to a tenth longer or shorter.
    pub(super) fn jittered(wait: Duration) -> Duration {
        spread(wait, 0.1)
    }
}

impl Default for BalancePace {
    fn default() -> Self {
        Self::every_minutes(Self::DEFAULT_MINUTES)
    }
}
