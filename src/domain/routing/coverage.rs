use rust_decimal::Decimal;

use super::{CandidateFacts, Exclusion, Request};
use crate::domain::ServiceId;

/// A service for sale, as its backups must be able to deliver it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// What customers pay per 1000, or for a package.
    pub price: Decimal,
    /// Least and largest quantity that customers may order; `None` where limits do not apply.
    pub limits: Option<(i64, i64)>,
    /// Whether customers may split an order into runs.
    pub dripfeed: bool,
}

/// A backup of a service for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFacts {
    /// What routing knows of it.
    pub candidate: CandidateFacts,
    /// Its rate in the currency that customers pay in; `None` where its provider counts in another one.
    pub comparable_rate: Option<Decimal>,
}

/// What is wrong with a service's backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageProblem {
    /// No provider of the service takes orders at present.
    AllProvidersDown,
    /// No backup would take over from the service's own provider.
    NoUsableBackup,
    /// The backup has become a service of another type.
    BackupOfOtherType,
    /// The backup does not take all quantities that are sold.
    BackupLimits,
    /// The backup cannot split an order into runs.
    BackupWithoutDripfeed,
    /// The backup costs more than customers pay.
    BackupCostsMore,
}

/// One thing that is wrong with a service's backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageGap {
    /// What sort of thing.
    pub problem: CoverageProblem,
    /// Which backup it is about; `None` where it is about all of them.
    pub backup: Option<ServiceId>,
    /// What is wrong, in words.
    pub message: String,
}

/// Returns what is wrong with the backups of a service for sale, by the rules that orders are routed by.
pub fn coverage_gaps(
    sale: &Sale,
    primary: &CandidateFacts,
    backups: &[BackupFacts],
) -> Vec<CoverageGap> {
    let candidates: Vec<&CandidateFacts> =
        std::iter::once(primary).chain(backups.iter().map(|backup| &backup.candidate)).collect();
    let whole = all_down(&candidates).into_iter().chain(no_usable(&candidates[1..]));
    let single = backups.iter().flat_map(|backup| {
        unfit(sale, &backup.candidate).into_iter().chain(too_dear(sale, backup))
    });
    whole.chain(single).collect()
}

fn all_down(candidates: &[&CandidateFacts]) -> Option<CoverageGap> {
    let down = |candidate: &&CandidateFacts| {
        candidate.exclusions(&Request::any()).iter().any(Exclusion::is_of_the_whole_provider)
    };
    let all = candidates.iter().all(down);
    all.then(|| CoverageGap {
        problem: CoverageProblem::AllProvidersDown,
        backup: None,
        message: "no provider of the service takes orders at present".to_owned(),
    })
}

fn no_usable(backups: &[&CandidateFacts]) -> Option<CoverageGap> {
    let excluded: Vec<Vec<Exclusion>> =
        backups.iter().map(|backup| backup.exclusions(&Request::any())).collect();
    if excluded.iter().any(Vec::is_empty) {
        return None;
    }
    let message = match excluded.len() {
        0 => "no backup is mapped".to_owned(),
        1 => format!("its backup would be passed over: {}", in_words(&excluded)),
        count => format!("its {count} backups would be passed over: {}", in_words(&excluded)),
    };
    Some(CoverageGap { problem: CoverageProblem::NoUsableBackup, backup: None, message })
}

fn in_words(excluded: &[Vec<Exclusion>]) -> String {
    let mut reasons: Vec<String> = excluded.iter().flatten().map(Exclusion::to_string).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons.join("; ")
}

/// What a backup cannot take of what customers may order: asked of the smallest order and of the largest.
fn unfit(sale: &Sale, backup: &CandidateFacts) -> Vec<CoverageGap> {
    let quantities = match sale.limits {
        Some((least, largest)) => [Some(least), Some(largest)],
        None => [None, None],
    };
    let mut rules: Vec<Exclusion> = vec![];
    for units_per_run in quantities {
        let order = Request { units_per_run, dripfeed: sale.dripfeed, ..Request::any() };
        for rule in backup.exclusions(&order) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    let gap = |rule: &Exclusion| {
        let problem = match rule {
            Exclusion::OtherKind => CoverageProblem::BackupOfOtherType,
            Exclusion::QuantityOutOfLimits { .. } => CoverageProblem::BackupLimits,
            Exclusion::NoDripfeed => CoverageProblem::BackupWithoutDripfeed,
            _ => return None,
        };
        let message = match (rule, sale.limits) {
            (Exclusion::QuantityOutOfLimits { .. }, Some((least, largest))) => {
                format!("{rule}, and {least} to {largest} are sold")
            }
            _ => rule.to_string(),
        };
        Some(CoverageGap { problem, backup: Some(backup.service_id), message })
    };
    rules.iter().filter_map(gap).collect()
}

fn too_dear(sale: &Sale, backup: &BackupFacts) -> Option<CoverageGap> {
    let rate = backup.comparable_rate.filter(|rate| *rate > sale.price)?;
    Some(CoverageGap {
        problem: CoverageProblem::BackupCostsMore,
        backup: Some(backup.candidate.service_id),
        message: format!(
            "it costs {}, and customers pay {}",
            rate.normalize(),
            sale.price.normalize()
        ),
    })
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;
    use uuid::Uuid;

    use super::{CoverageProblem::*, *};

    fn candidate(id: u128, mapping_priority: Option<i32>) -> CandidateFacts {
        crate::domain::routing::decision::tests::candidate(id, mapping_priority, 1)
    }

    fn backup(change: impl FnOnce(&mut CandidateFacts)) -> BackupFacts {
        let mut candidate = candidate(2, Some(1));
        change(&mut candidate);
        BackupFacts { comparable_rate: Some(candidate.rate), candidate }
    }

    fn sale() -> Sale {
        Sale { price: dec!(0.6), limits: Some((10, 1000)), dripfeed: true }
    }

    fn problems(backups: &[BackupFacts]) -> Vec<CoverageProblem> {
        let gaps = coverage_gaps(&sale(), &candidate(1, None), backups);
        gaps.into_iter().map(|gap| gap.problem).collect()
    }

    #[test]
    fn service_with_a_backup_that_can_take_every_order_has_no_gap() {
        assert_eq!(problems(&[backup(|_| {})]), []);
        assert_eq!(problems(&[backup(|_| {}), backup(|other| other.active = false)]), []);
    }

    #[test]
    fn service_without_any_usable_backup_is_found_with_the_reasons() {
        assert_eq!(problems(&[]), [NoUsableBackup]);
        let unusable = [backup(|it| it.listed = false), backup(|it| it.enabled = false)];
        let gaps = coverage_gaps(&sale(), &candidate(1, None), &unusable);
        assert_eq!(
            gaps.iter().map(|gap| gap.message.as_str()).collect::<Vec<_>>(),
            [
                "its 2 backups would be passed over: the provider does not list the service any more; \
              the service is not for sale"
            ]
        );
    }

    #[test]
    fn backup_that_cannot_take_limits_type_or_runs_is_named_rule_by_rule() {
        let narrow = backup(|it| it.limits = (50, 500));
        let gaps = coverage_gaps(&sale(), &candidate(1, None), &[narrow]);
        assert_eq!(
            gaps,
            [CoverageGap {
                problem: BackupLimits,
                backup: Some(ServiceId(Uuid::from_u128(2))),
                message: "it takes 50 to 500 units, and 10 to 1000 are sold".to_owned(),
            }]
        );
        assert_eq!(problems(&[backup(|it| it.limits = (10, 999))]), [BackupLimits]);
        assert_eq!(problems(&[backup(|it| it.dripfeed = false)]), [BackupWithoutDripfeed]);
        let other = backup(|it| it.kind_fits = false);
        assert_eq!(problems(&[other]), [NoUsableBackup, BackupOfOtherType]);
    }

    #[test]
    fn backup_that_costs_more_than_customers_pay_is_found_where_currencies_compare() {
        assert_eq!(problems(&[backup(|it| it.rate = dec!(0.6))]), []);
        let dear = backup(|it| it.rate = dec!(0.60001));
        assert_eq!(problems(std::slice::from_ref(&dear)), [BackupCostsMore]);
        assert_eq!(problems(&[BackupFacts { comparable_rate: None, ..dear }]), []);
    }

    #[test]
    fn service_whose_providers_are_all_down_is_found() {
        let mut primary = candidate(1, None);
        primary.active = false;
        let found = |backups: &[BackupFacts]| -> Vec<CoverageProblem> {
            coverage_gaps(&sale(), &primary, backups).into_iter().map(|gap| gap.problem).collect()
        };
        assert_eq!(found(&[backup(|_| {})]), []);
        let down = backup(|it| it.active = false);
        assert_eq!(found(&[down]), [AllProvidersDown, NoUsableBackup]);
    }

    #[test]
    fn limits_of_a_package_do_not_matter() {
        let sale = Sale { limits: None, ..sale() };
        let narrow = backup(|it| it.limits = (1, 1));
        assert_eq!(coverage_gaps(&sale, &candidate(1, None), &[narrow]), []);
    }
}
