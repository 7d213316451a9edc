use std::time::Duration;

/// How often evidence is looked for.
#[derive(Debug, Clone, Copy)]
pub struct DoubtPace {
    /// Between two looks at what is in doubt.
    pub look: Duration,
    /// Until a provider is asked about an attempt again; doubles with each reading that proves nothing.
    pub first: Duration,
    /// Longest time between two readings for an attempt.
    pub at_most: Duration,
}

impl Default for DoubtPace {
    /// A look every 5 s; readings after 10 s, then ever more rarely, up to every ten minutes.
    fn default() -> Self {
        Self {
            look: Duration::from_secs(5),
            first: Duration::from_secs(10),
            at_most: Duration::from_secs(600),
        }
    }
}

impl DoubtPace {
    /// The longest time from when an attempt is in doubt until what two looks on end prove is on record, but for the calls.
    pub fn settles_within(&self) -> Duration {
        self.look + self.after(0) + self.look
    }

    /// Until the next reading, after so many on end that proved nothing.
    pub(super) fn after(&self, readings: u32) -> Duration {
        self.first.saturating_mul(1 << readings.min(16)).min(self.at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A provider that takes an order and keeps silent is found out within a minute of the first byte.
    #[test]
    fn silent_provider_is_found_out_within_a_minute() {
        let silent = crate::provider_api::CallLimits::default().add;
        let most = silent + DoubtPace::default().settles_within();
        assert!(most <= Duration::from_secs(50), "{most:?}");
    }

    #[test]
    fn readings_that_prove_nothing_become_rarer() {
        let pace = DoubtPace::default();
        assert_eq!([0, 1, 2, 6, 99].map(|n| pace.after(n).as_secs()), [10, 20, 40, 600, 600]);
    }
}
