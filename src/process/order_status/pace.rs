use std::time::Duration;

use crate::process::timing::spread;

/// How many days an order that has ended is looked at.
pub(in crate::process) const LOOKED_AT_DAYS: u32 = 5;

/// Between two rounds over the orders that have ended.
const SHORTEST_ROUND: Duration = Duration::from_millis(100);

/// How often providers are asked how orders stand.
#[derive(Debug, Clone, Copy)]
pub struct StatusPace {
    /// Between two looks at an order that was placed just now.
    pub first: Duration,
    /// An open order is looked at whenever its age has grown by this part of itself: 10 is a tenth.
    pub part_of_age: u32,
    /// Longest time between two looks at an open order.
    pub at_most: Duration,
    /// Between two looks at an order that has ended.
    pub ended: Duration,
    /// How long an order that has ended is looked at.
    pub ended_for: Duration,
    /// A call takes along what is due so soon.
    pub gather: Duration,
    /// How long a provider is left alone after a call that failed; doubles with each, up to `at_most`.
    pub rest: Duration,
}

impl Default for StatusPace {
    /// 30 s at first, a tenth of the age after five minutes, half an hour after five hours; twice a day for five days after
    /// the end.
    fn default() -> Self {
        let hour = Duration::from_secs(60 * 60);
        Self {
            first: Duration::from_secs(30),
            part_of_age: 10,
            at_most: hour / 2,
            ended: 12 * hour,
            ended_for: LOOKED_AT_DAYS * 24 * hour,
            gather: Duration::from_secs(5),
            rest: Duration::from_secs(15),
        }
    }
}

impl StatusPace {
    /// Until the next look at an open order of this age.
    pub(super) fn open(&self, age: Duration) -> Duration {
        (age / self.part_of_age.max(1)).min(self.at_most).max(self.first)
    }

    /// Between two rounds that look up which orders that have ended are due; their looks are spread over as long.
    pub(super) fn round(&self) -> Duration {
        (self.ended / 64).max(SHORTEST_ROUND)
    }

    /// Until a provider is asked again that failed so many times on end.
    pub(super) fn rest_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        self.rest.saturating_mul(1 << doublings).min(self.at_most)
    }
}

/// A wait with jitter.
pub(super) fn jittered(wait: Duration) -> Duration {
    spread(wait, 0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_with_age() {
        let pace = StatusPace::default();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let waits = [0, 4, 10, 60, 300, 6000].map(|age| pace.open(minutes(age)).as_secs());
        assert_eq!(waits, [30, 30, 60, 360, 1800, 1800]);
    }

    #[test]
    fn provider_that_keeps_failing_is_left_alone_for_longer() {
        let pace = StatusPace::default();
        let rests = [1, 2, 3, 9, 99].map(|failures| pace.rest_after(failures).as_secs());
        assert_eq!(rests, [15, 30, 60, 1800, 1800]);
    }
}
