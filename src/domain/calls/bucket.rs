use serde::{Deserialize, Serialize};

/// Times below this have a bucket each; above it there are [`STEPS`] for each doubling.
const EXACT_BELOW: i64 = 16;
const STEPS: i64 = 8;

/// Which of the times that are about the same: within an eighth of one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DurationBucket(i64);

impl DurationBucket {
    /// Returns the bucket of a time in milliseconds; below zero counts as zero.
    pub fn of_ms(ms: i64) -> Self {
        let ms = ms.max(0);
        if ms < EXACT_BELOW {
            return Self(ms);
        }
        let doublings = i64::from(ms.ilog2()) - i64::from(STEPS.ilog2());
        Self(doublings * STEPS + (ms >> doublings))
    }

    /// Takes a bucket's number out of a read model.
    pub fn numbered(number: i64) -> Self {
        Self(number)
    }

    /// Returns the time in the bucket's middle, in milliseconds: at most a sixteenth off.
    pub fn middle_ms(self) -> f64 {
        if self.0 < EXACT_BELOW {
            return self.0 as f64;
        }
        let width = 2f64.powi(i32::try_from(self.0 / STEPS - 1).unwrap_or(i32::MAX));
        ((STEPS + self.0 % STEPS) as f64 + 0.5) * width
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        let numbers: Vec<i64> = [0, 1, 15, 16, 17, 18, 31, 32, 35, 36, 63, 64]
            .map(|ms| DurationBucket::of_ms(ms).0)
            .into();
        assert_eq!(numbers, [0, 1, 15, 16, 16, 17, 23, 24, 24, 25, 31, 32]);
    }

    proptest! {
        #[test]
        fn middle_is_at_most_a_sixteenth_off(ms in 0i64..1_000_000_000_000) {
            let off = (DurationBucket::of_ms(ms).middle_ms() - ms as f64).abs();
            prop_assert!(off <= ms as f64 / 16.0, "{ms} is off by {off}");
        }

        #[test]
        fn longer_time_is_in_no_earlier_bucket(ms in 0i64..1_000_000, more in 0i64..1_000) {
            prop_assert!(DurationBucket::of_ms(ms) <= DurationBucket::of_ms(ms + more));
        }
    }
}
