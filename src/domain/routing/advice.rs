use super::{Candidate, Decision, Strategy};
use crate::domain::ProviderId;

/// Attempts that a provider must have been judged by before its score speaks against a priority.
const ENOUGH_ATTEMPTS: i64 = 20;
/// A smaller difference is no reason to change anything.
const WORTH_A_CHANGE_PPM: i64 = 50_000;

/// Where a provider stands, by a priority that an operator gave it and by what was measured.
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
    pub first: Standing,
    /// The best of those that are tried later and have proved better.
    pub better: Standing,
}

impl PriorityAdvice {
    /// Returns by how much the other is better, in parts per million.
    pub fn difference_ppm(&self) -> i64 {
        self.better.score_ppm - self.first.score_ppm
    }
}

/// Names for each provider the best one that is tried after it although it has clearly proved better.
pub fn advise(standings: &[Standing]) -> Vec<PriorityAdvice> {
    let measured = || standings.iter().filter(|standing| standing.judged >= ENOUGH_ATTEMPTS);
    let contradiction = |first: &Standing| {
        let later = measured().filter(|other| other.priority > first.priority);
        let better = *later.max_by_key(|other| other.score_ppm)?;
        let advice = PriorityAdvice { first: *first, better };
        (advice.difference_ppm() >= WORTH_A_CHANGE_PPM).then_some(advice)
    };
    measured().filter_map(contradiction).collect()
}

/// Does the same for a service's backups that orders may go to, by the priorities of their mappings, where these decide.
pub fn advise_on_backups(
    decision: &Decision,
    judged: impl Fn(ProviderId) -> i64,
) -> Vec<PriorityAdvice> {
    if decision.strategy != Strategy::Priority {
        return vec![];
    }
    let standing = |backup: &Candidate| {
        let may_take_orders = backup.excluded.is_empty() || backup.is_only_set_aside();
        Some(Standing {
            provider_id: backup.provider_id,
            priority: backup.mapping_priority.filter(|_| may_take_orders)?,
            score_ppm: backup.score_ppm?,
            judged: judged(backup.provider_id),
        })
    };
    let standings: Vec<Standing> = decision.candidates.iter().filter_map(standing).collect();
    advise(&standings)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        Position,
        routing::{CandidateFacts, Request, decide, decision::tests::candidate},
    };

    fn standing(id: u128, priority: i32, score_ppm: i64, judged: i64) -> Standing {
        Standing { provider_id: ProviderId(Uuid::from_u128(id)), priority, score_ppm, judged }
    }

    fn advised(standings: &[Standing]) -> Vec<(u128, u128, i64)> {
        let ids = |advice: PriorityAdvice| {
            let id = |standing: Standing| standing.provider_id.0.as_u128();
            (id(advice.first), id(advice.better), advice.difference_ppm())
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

    /// A primary, and backups with these mapping priorities and scores.
    fn backups(strategy: Strategy, change: impl FnOnce(&mut Vec<CandidateFacts>)) -> usize {
        let scored =
            |(id, mapping, score_ppm)| CandidateFacts { score_ppm, ..candidate(id, mapping, 1) };
        let known = [(1, None, 100_000), (2, Some(1), 500_000), (3, Some(2), 900_000)];
        let mut known: Vec<CandidateFacts> = known.map(scored).into();
        change(&mut known);
        let decision = decide(Position(1), strategy, &Request::any(), known);
        advise_on_backups(&decision, |_| 20).len()
    }

    #[test]
    fn backup_whose_mapping_is_tried_later_and_that_has_proved_better_is_named() {
        assert_eq!(backups(Strategy::Priority, |_| {}), 1, "the primary is no backup");
        assert_eq!(backups(Strategy::Priority, |known| known[2].score_ppm = 549_999), 0);
        assert_eq!(backups(Strategy::Priority, |known| known[2].mapping_priority = Some(1)), 0);
    }

    #[test]
    fn mapping_priorities_that_decide_nothing_are_left_alone() {
        assert_eq!(backups(Strategy::BestScore, |_| {}), 0);
        assert_eq!(backups(Strategy::Priority, |known| known[1].listed = false), 0);
        assert_eq!(backups(Strategy::Priority, |known| known[2].active = false), 0);
    }
}
