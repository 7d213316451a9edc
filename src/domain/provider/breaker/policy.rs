use chrono::TimeDelta;

/// A share of one.
const WHOLE_PPM: i64 = 1_000_000;
/// A pause is as much longer or shorter at the most, so that what fell together does not come back together.
const JITTER_PPM: i64 = 200_000;

/// When a provider is set aside, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// So many failures in a row are enough.
    pub failures_in_a_row: usize,
    /// So many attempts within the window say something by the share that failed.
    pub least_attempts: usize,
    /// That share, in percent.
    pub failed_percent: usize,
    /// How far back attempts are counted.
    pub window: TimeDelta,
    /// The first pause; each further one is twice as long.
    pub first_pause: TimeDelta,
    /// The longest, before jitter.
    pub longest_pause: TimeDelta,
    /// The longest that a provider may ask for.
    pub longest_retry_after: TimeDelta,
    /// Who fails again within this time after it was put back to work was not well.
    pub steady_after: TimeDelta,
}

impl Default for BreakerPolicy {
    /// Five in a row, or half of twenty within a minute; 15 s, doubling to 15 min.
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            least_attempts: 20,
            failed_percent: 50,
            window: TimeDelta::seconds(60),
            first_pause: TimeDelta::seconds(15),
            longest_pause: TimeDelta::minutes(15),
            longest_retry_after: TimeDelta::hours(1),
            steady_after: TimeDelta::minutes(10),
        }
    }
}

impl BreakerPolicy {
    /// Returns how long a provider is left alone that asked for it, whatever it was asked.
    pub fn rest(&self, asked: TimeDelta) -> TimeDelta {
        asked.clamp(TimeDelta::zero(), self.longest_retry_after)
    }
}

/// A policy, and a draw from all numbers alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// The policy.
    pub policy: BreakerPolicy,
    /// The draw.
    pub random: u32,
}

impl BackOff {
    /// Returns how long a provider is left alone that was found failing so many times running.
    pub fn pause(&self, trips: i32) -> TimeDelta {
        let doublings = (trips - 1).clamp(0, 30);
        let first = self.policy.first_pause.num_milliseconds();
        let longest = self.policy.longest_pause.num_milliseconds();
        let whole = first.saturating_mul(1 << doublings).min(longest);
        let drawn = i64::from(self.random) * 2 * JITTER_PPM / i64::from(u32::MAX);
        let share = WHOLE_PPM - JITTER_PPM + drawn;
        TimeDelta::milliseconds(whole.saturating_mul(share) / WHOLE_PPM)
    }
}
