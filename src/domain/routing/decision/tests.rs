//! Who is chosen, and why.

use rust_decimal::dec;
use uuid::Uuid;

use super::*;

/// One that takes ten to a thousand, and that nothing is said against.
pub(in crate::domain::routing) fn candidate(
    id: u128,
    mapping_priority: Option<i32>,
    provider_priority: i32,
) -> CandidateFacts {
    CandidateFacts {
        provider_id: ProviderId(Uuid::from_u128(id)),
        service_id: ServiceId(Uuid::from_u128(id)),
        provider_service_id: id.to_string(),
        mapping_priority,
        provider_priority,
        score_ppm: 800_000,
        active: true,
        enabled: true,
        listed: true,
        kind_fits: true,
        limits: (10, 1000),
        dripfeed: true,
        rate: dec!(0.5),
        balance: None,
        set_aside: vec![],
        on_trial: false,
        barred: None,
    }
}

fn request(units: i64) -> Request {
    Request { units_per_run: Some(units), total_units: units, ..Request::any() }
}

fn decided(request: &Request, candidates: Vec<CandidateFacts>) -> Decision {
    decide(Position(7), Strategy::Priority, request, candidates)
}

#[test]
fn primary_comes_first_then_backups_by_mapping_priority_provider_priority_and_id() {
    let decision = decided(
        &request(100),
        vec![
            candidate(5, Some(2), 1),
            candidate(4, Some(1), 9),
            candidate(3, Some(1), 9),
            candidate(2, Some(1), 3),
            candidate(1, None, 50),
        ],
    );
    let order: Vec<u128> = decision.candidates.iter().map(|c| c.provider_id.0.as_u128()).collect();
    assert_eq!(order, [1, 2, 3, 4, 5]);
    assert_eq!(decision.chosen, Some(0));
}

#[test]
fn best_score_comes_first_and_priority_decides_between_equals() {
    let scored = |id, mapping_priority, score_ppm| CandidateFacts {
        score_ppm,
        ..candidate(id, mapping_priority, 1)
    };
    let candidates = vec![
        scored(1, None, 500_000),
        scored(2, Some(2), 900_000),
        scored(3, Some(1), 900_000),
        scored(4, Some(1), 400_000),
    ];
    let decision = decide(Position(7), Strategy::BestScore, &request(100), candidates);
    let order = decision.candidates.iter().map(|c| (c.provider_id.0.as_u128(), c.score_ppm));
    assert_eq!(
        order.collect::<Vec<_>>(),
        [(3, Some(900_000)), (2, Some(900_000)), (1, Some(500_000)), (4, Some(400_000))]
    );
}

/// How often each of a tier's candidates is chosen, of so many orders.
fn chosen(candidates: &[CandidateFacts], orders: u64) -> Vec<u64> {
    let mut counts = vec![0; candidates.len()];
    for order in 0..orders {
        let order = Some(OrderId(Uuid::from_u64_pair(order, order.wrapping_mul(0x9e37_79b9))));
        let decision = decided(&Request { order, ..request(100) }, candidates.to_vec());
        let id = decision.choice().unwrap().provider_id;
        let index = candidates.iter().position(|facts| facts.provider_id == id).unwrap();
        counts[index] += 1;
    }
    counts
}

fn backup(id: u128, score_ppm: i64) -> CandidateFacts {
    CandidateFacts { score_ppm, ..candidate(id, Some(1), 1) }
}

fn off(facts: CandidateFacts) -> CandidateFacts {
    CandidateFacts { active: false, ..facts }
}

#[test]
fn tier_shares_its_orders_in_proportion_to_the_scores() {
    let primary = || off(candidate(9, None, 1));
    let tier = [primary(), backup(1, 900_000), backup(2, 300_000), backup(3, 600_000)];
    let counts = chosen(&tier, 9_000);
    for (count, expected) in counts.iter().zip([0_i64, 4_500, 1_500, 3_000]) {
        assert!((*count as i64 - expected).abs() < 250, "{counts:?}");
    }
    let without_the_first = [primary(), off(backup(1, 900_000)), tier[2].clone(), tier[3].clone()];
    let counts = chosen(&without_the_first, 9_000);
    assert!((counts[2] as i64 - 3_000).abs() < 250, "{counts:?}");
}

#[test]
fn only_a_tier_shares_and_the_decision_says_how() {
    let later = CandidateFacts { score_ppm: 1_000_000, ..candidate(4, Some(2), 1) };
    let candidates = vec![candidate(9, None, 1), backup(1, 900_000), backup(2, 300_000), later];
    let mut orders = vec![];
    for lot in 0..50 {
        let order = Some(OrderId(Uuid::from_u128(lot)));
        let decision = decided(&Request { order, ..request(100) }, candidates.clone());
        let again = decided(&Request { order, ..request(100) }, candidates.clone());
        assert_eq!(decision, again);
        assert_eq!(decision.chosen, Some(0), "the primary is a tier of its own");
        let shown = decision.candidates.iter();
        let shown = shown.map(|c| (c.provider_id.0.as_u128(), c.share_ppm));
        orders.push(shown.collect::<Vec<_>>());
    }
    let (one, other) = ((1, Some(750_000)), (2, Some(250_000)));
    let known = [vec![(9, None), one, other, (4, None)], vec![(9, None), other, one, (4, None)]];
    assert!(orders.iter().all(|order| known.contains(order)), "{orders:?}");
    assert!(known.iter().all(|order| orders.contains(order)), "{orders:?}");
    let nobody_asks = decided(&request(100), candidates);
    assert_eq!(nobody_asks.candidates[1].provider_id.0.as_u128(), 1, "the best first");
}

#[test]
fn every_broken_rule_of_a_candidate_is_named() {
    let unfit = CandidateFacts {
        active: false,
        enabled: false,
        listed: false,
        kind_fits: false,
        dripfeed: false,
        barred: Some(Exclusion::AlreadyTried),
        balance: Some(dec!(0.1)),
        ..candidate(1, None, 1)
    };
    let request = Request { dripfeed: true, total_units: 4000, ..request(2000) };
    let decision = decided(&request, vec![unfit]);
    assert_eq!(
        decision.candidates[0].excluded,
        [
            Exclusion::ProviderInactive,
            Exclusion::ServiceDisabled,
            Exclusion::ServiceDelisted,
            Exclusion::OtherKind,
            Exclusion::QuantityOutOfLimits { min: 10, max: 1000 },
            Exclusion::NoDripfeed,
            Exclusion::AlreadyTried,
            Exclusion::BalanceTooLow { balance: dec!(0.1), cost: dec!(2) },
        ]
    );
    assert_eq!(decision.choice(), None);
}

fn resting(id: u128, set_aside: Vec<Exclusion>) -> CandidateFacts {
    CandidateFacts { set_aside, ..candidate(id, None, 1) }
}

fn suspended() -> Exclusion {
    Exclusion::ProviderSuspended { cause: SuspensionCause::WalletEmpty, until: None }
}

#[test]
fn who_is_set_aside_is_passed_over() {
    let candidates = vec![resting(1, vec![suspended()]), candidate(2, Some(1), 1)];
    let decision = decided(&request(100), candidates);
    assert_eq!((decision.chosen, decision.waits()), (Some(1), false));
    assert_eq!(decision.candidates[0].excluded, [suspended()]);
}

#[test]
fn order_waits_only_for_who_could_take_it_but_for_being_set_aside() {
    let rests = |set_aside: Vec<Exclusion>, change: fn(&mut CandidateFacts)| {
        let mut facts = resting(1, set_aside);
        change(&mut facts);
        decided(&request(100), vec![facts]).waits()
    };
    let all = || vec![suspended(), Exclusion::ServiceSuspended, Exclusion::ProviderOnTrial];
    for exclusion in all() {
        assert!(rests(vec![exclusion.clone()], |_| {}), "{exclusion}");
    }
    assert!(rests(all(), |_| {}));
    assert!(rests(all(), |facts| facts.balance = Some(Decimal::ZERO)), "it is being filled");
    assert!(!rests(vec![], |facts| facts.balance = Some(Decimal::ZERO)));
    assert!(!rests(all(), |facts| facts.active = false));
    assert!(!rests(all(), |facts| facts.listed = false));
    assert!(!rests(all(), |facts| facts.limits = (500, 1000)));
    assert!(!rests(all(), |facts| facts.barred = Some(Exclusion::AlreadyTried)));
}

#[test]
fn choice_of_who_is_half_open_is_a_trial() {
    let half_open = || CandidateFacts { on_trial: true, ..candidate(1, None, 1) };
    let first = decided(&request(100), vec![half_open(), candidate(2, Some(1), 1)]);
    assert!(first.is_trial());
    let taken = vec![Exclusion::ProviderOnTrial];
    let second = CandidateFacts { set_aside: taken, ..half_open() };
    let second = decided(&request(100), vec![second, candidate(2, Some(1), 1)]);
    assert_eq!((second.chosen, second.is_trial()), (Some(1), false));
}

#[test]
fn package_costs_its_rate_and_has_no_limits() {
    let request = Request { total_units: 1, package: true, ..Request::any() };
    let poor = CandidateFacts { balance: Some(dec!(0.4)), ..candidate(1, None, 1) };
    let decision = decided(&request, vec![poor, candidate(2, Some(1), 1)]);
    assert_eq!(decision.chosen, Some(1));
}
