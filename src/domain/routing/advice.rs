use crate::domain::ProviderId;

/// Attempts that a provider must have been judged by before its score speaks against a priority.
const ENOUGH_ATTEMPTS: i64 = 20;
/// A smaller difference is no reason to change anything.
const WORTH_A_CHANGE_PPM: i64 = 50_000;

/// Where an active provider stands, by its operator's priority and by what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub provider_id: ProviderId,
    /// 1 is tried first.
    pub priority: i32,
    /// How good it has proved to be, in parts per million.
    pub score_ppm: i64,
    /// Attempts that this rests on.
    pub judged: i64,
}

/// A priority that contradicts what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorityAdvice {
    /// The one that is tried first.
    pub provider_id: ProviderId,
    /// The best of those that are tried later and have proved better.
    pub better_id: ProviderId,
    /// By how much, in parts per million.
    pub difference_ppm: i64,
}

/// Names for each provider the best one that is tried after it although it has clearly proved better.
pub fn advise(standings: &[Standing]) -> Vec<PriorityAdvice> {
    let measured = || standings.iter().filter(|standing| standing.judged >= ENOUGH_ATTEMPTS);
    let contradiction = |first: &Standing| {
        let later = measured().filter(|other| other.priority > first.priority);
        let better = later.max_by_key(|other| other.score_ppm)?;
        let difference_ppm = better.score_ppm - first.score_ppm;
        (difference_ppm >= WORTH_A_CHANGE_PPM).then_some(PriorityAdvice {
            provider_id: first.provider_id,
            better_id: better.provider_id,
            difference_ppm,
        })
    };
    measured().filter_map(contradiction).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn standing(id: u128, priority: i32, score_ppm: i64, judged: i64) -> Standing {
        Standing { provider_id: ProviderId(Uuid::from_u128(id)), priority, score_ppm, judged }
    }

    fn advised(standings: &[Standing]) -> Vec<(u128, u128, i64)> {
        let ids = |advice: PriorityAdvice| {
            let id = |id: ProviderId| id.0.as_u128();
            (id(advice.provider_id), id(advice.better_id), advice.difference_ppm)
        };
        advise(standings).into_iter().map(ids).collect()
    }

    #[test]
    fn provider_that_is_tried_later_and_has_proved_better_is_named() {
        let standings = [
            standing(1, 1, 500_000, 100),
            standing(2, 2, 700_000, 100),
            standing(3, 3, 900_000, 100),
        ];
        assert_eq!(advised(&standings), [(1, 3, 400_000), (2, 3, 200_000)]);
    }

    #[test]
    fn priorities_that_agree_with_what_was_measured_are_left_alone() {
        assert_eq!(advised(&[standing(1, 1, 900_000, 100), standing(2, 2, 500_000, 100)]), []);
        assert_eq!(advised(&[standing(1, 1, 500_000, 100), standing(2, 1, 900_000, 100)]), []);
    }

    #[test]
    fn small_differences_and_short_records_say_nothing() {
        assert_eq!(advised(&[standing(1, 1, 500_000, 100), standing(2, 2, 549_999, 100)]), []);
        assert_eq!(advised(&[standing(1, 1, 500_000, 100), standing(2, 2, 900_000, 19)]), []);
        assert_eq!(advised(&[standing(1, 1, 500_000, 19), standing(2, 2, 900_000, 100)]), []);
    }
}
