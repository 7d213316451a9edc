use std::time::Duration;

/// How alerts are delivered.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryPace {
    /// Between two looks at what is to be told.
    pub glance: Duration,
    /// Until something is sent again for the first time; doubles from there.
    pub first: Duration,
    /// Longest wait between two tries, unless the receiver asks for a longer one.
    pub at_most: Duration,
    /// What could not be delivered for this long is given up, and what is older than this is not begun.
    pub give_up: Duration,
}

impl Default for DeliveryPace {
    /// A look each second; tries after 5 s, then ever more rarely, up to every ten minutes, for a day.
    fn default() -> Self {
        Self {
            glance: Duration::from_secs(1),
            first: Duration::from_secs(5),
            at_most: Duration::from_secs(600),
            give_up: Duration::from_secs(24 * 3600),
        }
    }
}

impl DeliveryPace {
    /// Until the next try after so many that failed, with jitter: between half of it and all of it.
    pub(super) fn after(&self, tries: i32) -> Duration {
        let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(0).min(16);
        let whole = self.first.saturating_mul(1 << doublings).min(self.at_most);
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_up_to_a_bound() {
        let pace = DeliveryPace::default();
        for (tries, seconds) in [(1, 5), (2, 10), (3, 20), (8, 600), (99, 600)] {
            let (wait, whole) = (pace.after(tries), Duration::from_secs(seconds));
            assert!(wait >= whole / 2 && wait <= whole, "{tries}: {wait:?}");
        }
    }
}
