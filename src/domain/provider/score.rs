//! How good a provider has proved to be, as one number.
//!
//! # Shape
//! [`Measures`] are counts and sums over a span of days back from a [`Basis`]; [`Score::of`] makes them into shares in parts per million.
//!
//! # Correctness
//! Whole numbers only, so that the same measures give the same score on every machine and in every replay. Each share
//! starts from an expectation that weighs as much as [`PRIOR_WEIGHT`] cases: one lucky order does not outrank a long
//! record, and a new provider is neither shunned nor preferred.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::Position;

/// A share of one.
pub const WHOLE_PPM: i64 = 1_000_000;
/// Days of 24 hours that placement and speed are measured over.
pub const PLACEMENT_DAYS: i32 = 7;
/// Days of 24 hours that delivery is measured over: it shows itself later.
pub const DELIVERY_DAYS: i32 = 30;

/// How many cases the expectation weighs as much as.
const PRIOR_WEIGHT: i64 = 5;
const EXPECTED_PLACEMENT_PPM: i64 = 800_000;
const EXPECTED_DELIVERY_PPM: i64 = 900_000;
const EXPECTED_MS: i64 = 1_000;
/// What an attempt that came to nothing costs in time, so that a fast failure does not look attractive.
const FAILURE_MS: i64 = 30_000;
/// The mean time that makes the speed a half.
const HALF_SPEED_MS: i64 = 2_000;
/// What each share weighs in the whole, in hundredths.
const PLACEMENT_WEIGHT: i64 = 60;
const SPEED_WEIGHT: i64 = 15;
const DELIVERY_WEIGHT: i64 = 25;
/// A share that has moved by less than this is the same as before.
const STEP_PPM: i64 = 1_000;

/// What is known of a provider's work over the last days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Measures {
    /// Attempts that ended, or are in doubt; without refusals that are the customer's fault.
    pub judged: i64,
    /// Those of them that were placed.
    pub placed: i64,
    /// Answers with a known duration.
    pub responses: i64,
    /// Sum of these durations in milliseconds.
    pub response_ms_sum: i64,
    /// Orders that ended at the provider, without those that a customer had canceled.
    pub ended: i64,
    /// Sum of the delivered shares of these orders, in parts per million each.
    pub delivered_ppm_sum: i64,
}

/// What measures rest on: all that the journal holds up to a position, of what began within the days before an instant or
/// after it. The same basis gives the same measures, whenever they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Up to where the journal is known.
    pub position: Position,
    /// Where the days are counted back from: a whole minute.
    pub as_of: DateTime<Utc>,
}

/// How good a provider is, in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// All together.
    pub score_ppm: i64,
    /// How likely it is to take an order.
    pub placement_ppm: i64,
    /// How fast it answers; a failure costs time.
    pub speed_ppm: i64,
    /// How much of an order it delivers.
    pub delivery_ppm: i64,
}

impl Default for Score {
    fn default() -> Self {
        Self::of(&Measures::default())
    }
}

impl Score {
    /// Computes the score of what was measured.
    pub fn of(measures: &Measures) -> Self {
        let placement_ppm = smoothed(
            measures.placed.saturating_mul(WHOLE_PPM),
            measures.judged,
            EXPECTED_PLACEMENT_PPM,
        );
        let delivery_ppm =
            smoothed(measures.delivered_ppm_sum, measures.ended, EXPECTED_DELIVERY_PPM);
        let speed_ppm = speed(measures);
        let weighed = PLACEMENT_WEIGHT * placement_ppm
            + SPEED_WEIGHT * speed_ppm
            + DELIVERY_WEIGHT * delivery_ppm;
        Self { score_ppm: weighed / 100, placement_ppm, speed_ppm, delivery_ppm }
    }

    /// Tells whether another score says something else, and not only a little more or less of the same.
    pub fn differs_from(&self, other: &Self) -> bool {
        let shares = |score: &Self| [score.placement_ppm, score.speed_ppm, score.delivery_ppm];
        let mut pairs = shares(self).into_iter().zip(shares(other));
        pairs.any(|(one, other)| one.abs_diff(other) >= STEP_PPM.unsigned_abs())
    }
}

/// A mean that begins at what is expected.
fn smoothed(sum: i64, count: i64, expected: i64) -> i64 {
    sum.saturating_add(expected * PRIOR_WEIGHT) / (count.max(0) + PRIOR_WEIGHT)
}

fn speed(measures: &Measures) -> i64 {
    let failures = (measures.judged - measures.placed).max(0);
    let spent = measures.response_ms_sum.saturating_add(failures.saturating_mul(FAILURE_MS));
    let mean_ms = smoothed(spent, measures.judged.max(measures.responses), EXPECTED_MS).max(0);
    WHOLE_PPM * HALF_SPEED_MS / HALF_SPEED_MS.saturating_add(mean_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attempts(placed: i64, failed: i64, ms: i64) -> Measures {
        let judged = placed + failed;
        Measures {
            judged,
            placed,
            responses: judged,
            response_ms_sum: judged * ms,
            ..Measures::default()
        }
    }

    fn score(measures: &Measures) -> i64 {
        Score::of(measures).score_ppm
    }

    #[test]
    fn provider_that_nothing_is_known_of_has_what_is_expected() {
        let unknown = Score::default();
        assert_eq!((unknown.placement_ppm, unknown.delivery_ppm), (800_000, 900_000));
        assert_eq!(unknown.speed_ppm, 666_666);
    }

    #[test]
    fn one_lucky_order_does_not_outrank_a_long_record() {
        assert!(score(&attempts(1, 0, 200)) < score(&attempts(990, 10, 200)));
    }

    #[test]
    fn failing_fast_is_no_better_than_failing_slowly_and_worse_than_placing_slowly() {
        assert!(score(&attempts(50, 50, 10)) < score(&attempts(100, 0, 5_000)));
        let (fast, slow) = (Score::of(&attempts(0, 100, 1)), Score::of(&attempts(0, 100, 900)));
        assert!(fast.speed_ppm - slow.speed_ppm < STEP_PPM * 5, "{fast:?} {slow:?}");
    }

    #[test]
    fn undelivered_orders_cost_score() {
        let whole =
            Measures { ended: 100, delivered_ppm_sum: 100 * WHOLE_PPM, ..attempts(100, 0, 200) };
        let half = Measures { delivered_ppm_sum: 50 * WHOLE_PPM, ..whole };
        assert!(score(&half) + 100_000 < score(&whole));
    }

    #[test]
    fn small_movement_is_no_difference() {
        let (one, other) =
            (Score::of(&attempts(9_000, 1_000, 200)), Score::of(&attempts(9_001, 1_000, 200)));
        assert!(one != other && !one.differs_from(&other));
        assert!(one.differs_from(&Score::of(&attempts(9_000, 1_100, 200))));
    }

    fn any_measures() -> impl Strategy<Value = Measures> {
        (0..1_000_000_i64, 0..1_000_000_i64, 0..100_000_i64, 0..1_000_000_i64, 0..=WHOLE_PPM)
            .prop_map(|(placed, failed, ms, ended, delivered)| Measures {
                ended,
                delivered_ppm_sum: ended * delivered,
                ..attempts(placed, failed, ms)
            })
    }

    proptest! {
        #[test]
        fn every_share_lies_between_nothing_and_the_whole(measures in any_measures()) {
            let score = Score::of(&measures);
            for share in [score.score_ppm, score.placement_ppm, score.speed_ppm, score.delivery_ppm] {
                prop_assert!((0..=WHOLE_PPM).contains(&share), "{score:?}");
            }
        }

        #[test]
        fn failure_in_place_of_a_success_never_helps(measures in any_measures()) {
            prop_assume!(measures.placed > 0);
            let worse = Measures { placed: measures.placed - 1, ..measures };
            prop_assert!(score(&worse) <= score(&measures));
        }
    }
}
