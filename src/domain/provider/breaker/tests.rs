//! The breaker, given, when, then; and whatever happens to it.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::{collection::vec, prelude::*, sample::select};
use rust_decimal::{Decimal, dec};
use test_case::test_case;
use uuid::Uuid;

use super::{SuspensionCause::*, *};
use crate::domain::{
    Aggregate, AttemptId, Balance, CredentialId, OrderId,
    provider::{NoBalance, Provider, ProviderCommand, ProviderEvent},
    refusal::RefusalClass,
};

/// A draw that makes a pause neither longer nor shorter.
const EVEN: BackOff = BackOff { policy: policy(), random: u32::MAX / 2 + 1 };

const fn policy() -> BreakerPolicy {
    BreakerPolicy {
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

fn given(events: impl IntoIterator<Item = ProviderEvent>) -> AggregateTestExecutor<Provider> {
    let added = ProviderEvent::ProviderAdded {
        name: "Peak".to_owned(),
        api_url: "https://peak.example/api/v2".to_owned(),
        priority: 1,
        credential_id: CredentialId::default(),
        key_hint: None,
    };
    TestFramework::with(()).given(std::iter::once(added).chain(events).collect())
}

/// So many seconds after noon.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_016_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn attempt(n: u128) -> AttemptId {
    AttemptId(Uuid::from_u128(n))
}

fn a_trip(cause: SuspensionCause) -> Trip {
    Trip { cause, reason: "no".to_owned(), retry_after: None }
}

// Commands.

fn trip(cause: SuspensionCause, seconds: i64) -> ProviderCommand {
    ProviderCommand::Trip { trip: a_trip(cause), back_off: EVEN, now: at(seconds) }
}

fn balance(amount: Decimal, seconds: i64) -> ProviderCommand {
    let reading = Ok(Balance { amount, currency: None });
    ProviderCommand::TakeProbe { reading, back_off: EVEN, now: at(seconds) }
}

fn no_balance(seconds: i64) -> ProviderCommand {
    let reading = Err(NoBalance::because("no answer".to_owned()));
    ProviderCommand::TakeProbe { reading, back_off: EVEN, now: at(seconds) }
}

fn asks_for(asked: i64, seconds: i64) -> ProviderCommand {
    let retry_after = Some(TimeDelta::seconds(asked));
    let reading = Err(NoBalance { reason: "not now".to_owned(), retry_after });
    ProviderCommand::TakeProbe { reading, back_off: EVEN, now: at(seconds) }
}

fn end_trial(n: u128, verdict: Verdict, seconds: i64) -> ProviderCommand {
    let (attempt_id, now) = (attempt(n), at(seconds));
    ProviderCommand::EndTrial { attempt_id, verdict, back_off: EVEN, now }
}

// Events. A pause is 15 s, twice as long after each further trip.

fn suspended(cause: SuspensionCause, since: i64, trips: i32) -> ProviderEvent {
    let until = Some(at(since + (15 << (trips - 1))));
    let reason = "no".to_owned();
    ProviderEvent::ProviderSuspended { cause, reason, since: at(since), until, trips }
}

fn probe_failed(reason: &str, seconds: i64, trips: i32) -> ProviderEvent {
    let until = at(seconds + (15 << (trips - 1)));
    ProviderEvent::ProbeFailed { reason: reason.to_owned(), until, trips }
}

fn half_opened(seconds: i64) -> ProviderEvent {
    ProviderEvent::ProviderHalfOpened { at: at(seconds) }
}

fn trial(n: u128) -> ProviderEvent {
    let order_id = OrderId(Uuid::from_u128(1));
    ProviderEvent::TrialStarted { order_id, attempt_id: attempt(n) }
}

fn resumed(by: ResumedBy, seconds: i64) -> ProviderEvent {
    ProviderEvent::ProviderResumed { by, at: at(seconds) }
}

#[test]
fn failing_provider_is_set_aside_for_a_while() {
    given([]).when(trip(FailuresInARow, 0)).then_expect_events(vec![suspended(
        FailuresInARow,
        0,
        1,
    )]);
}

#[test]
fn provider_that_is_set_aside_already_stays_so() {
    let open = suspended(FailuresInARow, 0, 1);
    given([open.clone()]).when(trip(BadKey, 1)).then_expect_events(vec![]);
    given([open, half_opened(15)]).when(trip(FailureShare, 16)).then_expect_events(vec![]);
}

#[test]
fn pauses_double_up_to_the_longest_and_jitter_by_a_fifth() {
    let pause = |trips, random| BackOff { policy: policy(), random }.pause(trips);
    for (trips, seconds) in [(1, 15), (2, 30), (3, 60), (6, 480), (7, 900), (8, 900), (99, 900)] {
        assert_eq!(EVEN.pause(trips), TimeDelta::seconds(seconds));
        assert_eq!(pause(trips, 0), TimeDelta::milliseconds(seconds * 800));
        assert_eq!(pause(trips, u32::MAX), TimeDelta::milliseconds(seconds * 1200));
    }
}

#[test]
fn provider_that_asks_to_be_left_alone_is_for_just_that_long_up_to_an_hour() {
    for (asked, obeyed) in [(3, 3), (3600, 3600), (86_400, 3600)] {
        let retry_after = Some(TimeDelta::seconds(asked));
        let trip = Trip { retry_after, ..a_trip(RetryAfter) };
        given([])
            .when(ProviderCommand::Trip { trip, back_off: EVEN, now: at(0) })
            .then_expect_events(vec![ProviderEvent::ProviderSuspended {
                cause: RetryAfter,
                reason: "no".to_owned(),
                since: at(0),
                until: Some(at(obeyed)),
                trips: 1,
            }]);
    }
}

#[test_case(RetryAfter, 3 => true)]
#[test_case(RetryAfter, 999_999 => false; "once the time is over")]
#[test_case(FailuresInARow, 3 => false; "what only fails may be asked")]
fn provider_is_left_alone_while_it_asked_for_it(cause: SuspensionCause, now: i64) -> bool {
    let mut provider = Provider::default();
    provider.evolve(&suspended(cause, 0, 1));
    provider.breaker.is_left_alone(at(now))
}

#[test]
fn balance_call_after_the_pause_lets_one_order_through() {
    let open = suspended(FailuresInARow, 0, 1);
    given([open.clone()]).when(balance(dec!(5), 14)).then_expect_events(vec![]);
    given([open]).when(balance(dec!(0), 15)).then_expect_events(vec![half_opened(15)]);
}

#[test]
fn balance_call_that_fails_after_the_pause_makes_it_longer() {
    let open = suspended(FailuresInARow, 0, 1);
    given([open.clone()]).when(no_balance(14)).then_expect_events(vec![]);
    let failed = probe_failed("no answer", 15, 2);
    given([open.clone()]).when(no_balance(15)).then_expect_events(vec![failed.clone()]);
    given([open, failed]).when(no_balance(45)).then_expect_events(vec![probe_failed(
        "no answer",
        45,
        3,
    )]);
}

#[test_case(5, 30; "not before the pause is over")]
#[test_case(60, 60; "nor before it asks for")]
#[test_case(86_400, 3600; "up to an hour")]
fn provider_that_answers_a_probe_by_asking_to_be_left_alone_is_not_probed(asked: i64, rest: i64) {
    let failed =
        ProviderEvent::ProbeFailed { reason: "not now".to_owned(), until: at(15 + rest), trips: 2 };
    given([suspended(FailuresInARow, 0, 1)])
        .when(asks_for(asked, 15))
        .then_expect_events(vec![failed]);
}

#[test]
fn empty_wallet_rests_until_the_balance_is_read_above_zero_whenever_that_is() {
    let open = suspended(WalletEmpty, 0, 1);
    given([open.clone()]).when(balance(dec!(0.01), 1)).then_expect_events(vec![half_opened(1)]);
    given([open.clone()]).when(balance(dec!(0), 1)).then_expect_events(vec![]);
    let still = probe_failed("our account there holds 0", 15, 2);
    given([open]).when(balance(dec!(0), 15)).then_expect_events(vec![still]);
}

#[test]
fn bad_key_rests_until_the_balance_call_takes_it() {
    let open = suspended(BadKey, 0, 1);
    given([open.clone()]).when(balance(dec!(0), 1)).then_expect_events(vec![half_opened(1)]);
    given([open]).when(no_balance(15)).then_expect_events(vec![probe_failed("no answer", 15, 2)]);
}

#[test]
fn order_that_is_taken_puts_the_provider_back_to_work() {
    given([suspended(FailureShare, 0, 1), half_opened(15), trial(1)])
        .when(end_trial(1, Verdict::Works, 16))
        .then_expect_events(vec![resumed(ResumedBy::Trial, 16)]);
}

#[test]
fn order_that_fails_sets_the_provider_aside_for_longer() {
    given([suspended(FailureShare, 0, 1), half_opened(15), trial(1)])
        .when(end_trial(1, Verdict::Fails(a_trip(TrialFailed)), 16))
        .then_expect_events(vec![suspended(TrialFailed, 16, 2)]);
}

#[test]
fn order_that_proves_nothing_makes_room_for_another() {
    let undecided = Verdict::Undecided("Bad link".to_owned());
    let reason = "Bad link".to_owned();
    given([suspended(FailureShare, 0, 1), half_opened(15), trial(1)])
        .when(end_trial(1, undecided, 16))
        .then_expect_events(vec![ProviderEvent::TrialReleased { attempt_id: attempt(1), reason }]);
}

#[test]
fn verdict_of_another_order_or_of_another_time_is_quiet() {
    let open = suspended(FailureShare, 0, 1);
    for history in [
        vec![],
        vec![open.clone()],
        vec![open.clone(), half_opened(15)],
        vec![open.clone(), half_opened(15), trial(2)],
        vec![open, half_opened(15), trial(1), resumed(ResumedBy::Operator, 16)],
    ] {
        given(history).when(end_trial(1, Verdict::Works, 17)).then_expect_events(vec![]);
    }
}

#[test]
fn who_fails_again_soon_rests_longer_and_who_was_steady_begins_anew() {
    let back = [suspended(FailuresInARow, 0, 3), resumed(ResumedBy::Trial, 100)];
    given(back.clone()).when(trip(FailureShare, 699)).then_expect_events(vec![suspended(
        FailureShare,
        699,
        4,
    )]);
    given(back).when(trip(FailureShare, 700)).then_expect_events(vec![suspended(
        FailureShare,
        700,
        1,
    )]);
}

#[test]
fn operator_sets_aside_and_puts_back_whatever_else_is_known() {
    let by_hand = |until: Option<i64>| ProviderEvent::ProviderSuspended {
        cause: Operator,
        reason: "they mend something".to_owned(),
        since: at(5),
        until: until.map(at),
        trips: 0,
    };
    let suspend = |until: Option<i64>| ProviderCommand::Suspend {
        until: until.map(at),
        note: "they mend something".to_owned(),
        now: at(5),
    };
    let resume = || ProviderCommand::Resume { now: at(60) };
    given([]).when(suspend(None)).then_expect_events(vec![by_hand(None)]);
    given([]).when(suspend(Some(50))).then_expect_events(vec![by_hand(Some(50))]);
    given([]).when(resume()).then_expect_events(vec![]);
    for history in [
        vec![by_hand(None)],
        vec![suspended(BadKey, 0, 1)],
        vec![suspended(BadKey, 0, 1), half_opened(20), trial(1)],
    ] {
        let back = resumed(ResumedBy::Operator, 60);
        given(history).when(resume()).then_expect_events(vec![back]);
    }
    // Nothing but an operator ends what has no end.
    given([by_hand(None)]).when(balance(dec!(5), 9999)).then_expect_events(vec![]);
    given([by_hand(Some(50))]).when(balance(dec!(5), 50)).then_expect_events(vec![half_opened(50)]);
}

#[test_case(Outcome::Placed => Bearing::Good)]
#[test_case(Outcome::InDoubt { retry_after: None } => Bearing::Failure)]
#[test_case(Outcome::InDoubt { retry_after: Some(TimeDelta::seconds(3)) } => Bearing::OutOfUse(RetryAfter))]
#[test_case(Outcome::NotSent => Bearing::None)]
#[test_case(refused(RefusalClass::Unreachable) => Bearing::Failure)]
#[test_case(refused(RefusalClass::Overload) => Bearing::Failure)]
#[test_case(refused(RefusalClass::Maintenance) => Bearing::Failure)]
#[test_case(refused(RefusalClass::Dialect) => Bearing::Failure)]
#[test_case(refused(RefusalClass::WalletEmpty) => Bearing::OutOfUse(WalletEmpty))]
#[test_case(refused(RefusalClass::BadKey) => Bearing::OutOfUse(BadKey))]
#[test_case(refused(RefusalClass::ServiceGone) => Bearing::ServiceOutOfUse)]
#[test_case(refused(RefusalClass::Link) => Bearing::None)]
#[test_case(refused(RefusalClass::LinkBusy) => Bearing::None)]
#[test_case(refused(RefusalClass::Quantity) => Bearing::None)]
#[test_case(asking(RefusalClass::Overload) => Bearing::OutOfUse(RetryAfter))]
#[test_case(asking(RefusalClass::Maintenance) => Bearing::OutOfUse(RetryAfter))]
#[test_case(asking(RefusalClass::Link) => Bearing::None)]
fn attempt_bears_on_its_provider_by_the_ledger_of_its_end(outcome: Outcome) -> Bearing {
    outcome.bearing()
}

fn refused(class: RefusalClass) -> Outcome {
    Outcome::Refused { class, retry_after: None }
}

fn asking(class: RefusalClass) -> Outcome {
    Outcome::Refused { class, retry_after: Some(TimeDelta::seconds(3)) }
}

#[test]
fn five_failures_in_a_row_are_enough_and_a_success_in_between_is_not() {
    let mut window = Window::default();
    for second in 0..4 {
        assert_eq!(window.failed(at(second), "no", &policy()), None);
    }
    window.placed(at(4), &policy());
    for second in 5..9 {
        assert_eq!(window.failed(at(second), "no", &policy()), None);
    }
    let trip = window.failed(at(9), "connection refused", &policy()).unwrap();
    let reason = "5 attempts in a row failed, the last: connection refused".to_owned();
    assert_eq!(trip, Trip { cause: FailuresInARow, reason, retry_after: None });
}

#[test]
fn half_of_twenty_within_a_minute_is_enough_and_of_nineteen_it_is_not() {
    let mut window = Window::default();
    for second in 0..18 {
        match second % 2 {
            0 => window.placed(at(second), &policy()),
            _ => assert_eq!(window.failed(at(second), "no", &policy()), None),
        }
    }
    assert_eq!(window.failed(at(18), "no", &policy()), None, "10 of 19");
    let trip = window.failed(at(19), "no", &policy()).unwrap();
    assert_eq!(trip.cause, FailureShare);
    assert_eq!(trip.reason, "11 of 20 attempts within 60 s failed, the last: no");
}

#[test]
fn what_is_a_minute_old_does_not_count() {
    let after_nineteen = |milliseconds: i64| {
        let mut window = Window::default();
        for number in 0..19 {
            match number % 2 {
                0 => window.placed(at(0), &policy()),
                _ => assert_eq!(window.failed(at(0), "no", &policy()), None),
            }
        }
        window.failed(at(0) + TimeDelta::milliseconds(milliseconds), "no", &policy())
    };
    let reason = "10 of 20 attempts within 60 s failed, the last: no".to_owned();
    let trip = Trip { cause: FailureShare, reason, retry_after: None };
    assert_eq!(after_nineteen(59_999), Some(trip));
    assert_eq!(after_nineteen(60_000), None);
}

/// What happens next, and how many milliseconds later.
#[derive(Debug, Clone)]
enum Happens {
    Trip,
    Balance(bool),
    Claim,
    Verdict(Verdict),
    Operator(bool),
}

fn happenings() -> impl Strategy<Value = Vec<(Happens, i64)>> {
    let verdicts = select(vec![
        Verdict::Works,
        Verdict::Fails(a_trip(TrialFailed)),
        Verdict::Fails(a_trip(WalletEmpty)),
        Verdict::Undecided("no".to_owned()),
    ]);
    let happens = prop_oneof![
        4 => Just(Happens::Trip),
        6 => any::<bool>().prop_map(Happens::Balance),
        4 => Just(Happens::Claim),
        4 => verdicts.prop_map(Happens::Verdict),
        1 => any::<bool>().prop_map(Happens::Operator),
    ];
    vec((happens, 0..40_000_i64), 1..60)
}

proptest! {
    #[test]
    fn window_counts_as_one_who_keeps_all(ends in vec((any::<bool>(), 0..8_000_i64), 1..200)) {
        let (mut window, mut kept, mut now) = (Window::default(), vec![], at(0));
        for (failed, later) in ends {
            now += TimeDelta::milliseconds(later);
            kept.push((now, failed));
            let trip = match failed {
                true => window.failed(now, "no", &policy()).map(|trip| trip.cause),
                false => { window.placed(now, &policy()); None }
            };
            let in_a_row = kept.iter().rev().take_while(|(_, failed)| *failed).count();
            let lately: Vec<bool> =
                kept.iter().filter(|(at, _)| now - *at < policy().window).map(|kept| kept.1).collect();
            let bad = lately.iter().filter(|failed| **failed).count();
            let share = failed && lately.len() >= 20 && bad * 2 >= lately.len();
            let expected = match (in_a_row >= 5, share) {
                (true, _) => Some(FailuresInARow),
                (_, true) => Some(FailureShare),
                _ => None,
            };
            prop_assert_eq!(trip, expected);
        }
    }

    #[test]
    fn one_order_at_a_time_tries_and_nothing_else_puts_back(happenings in happenings(), random: u32) {
        let back_off = BackOff { policy: policy(), random };
        let (mut provider, mut now, mut claims) = (Provider::default(), at(0), 0);
        provider.evolve(&ProviderEvent::ProviderAdded {
            name: String::new(),
            api_url: String::new(),
            priority: 1,
            credential_id: CredentialId::default(),
            key_hint: None,
        });
        for (happens, later) in happenings {
            now += TimeDelta::milliseconds(later);
            let before = provider.breaker.clone();
            let running = before.trial().map(|trial| trial.attempt_id);
            let command = match happens.clone() {
                Happens::Trip => ProviderCommand::Trip { trip: a_trip(FailuresInARow), back_off, now },
                Happens::Balance(good) => {
                    let balance = Balance { amount: dec!(1), currency: None };
                    let reading = if good { Ok(balance) } else { Err(NoBalance::because("no".to_owned())) };
                    ProviderCommand::TakeProbe { reading, back_off, now }
                }
                Happens::Claim => {
                    // As routing does: only where no other tries.
                    if matches!(before.circuit(), Circuit::HalfOpen { trial: None, .. }) {
                        claims += 1;
                        provider.evolve(&trial(claims));
                        prop_assert_eq!(provider.breaker.trial().unwrap().attempt_id, attempt(claims));
                    }
                    continue;
                }
                Happens::Verdict(verdict) => {
                    let attempt_id = running.unwrap_or(attempt(0));
                    ProviderCommand::EndTrial { attempt_id, verdict, back_off, now }
                }
                Happens::Operator(true) => ProviderCommand::Resume { now },
                Happens::Operator(false) => {
                    ProviderCommand::Suspend { until: None, note: "no".to_owned(), now }
                }
            };
            let events = provider.decide(command).unwrap();
            prop_assert!(events.len() <= 1);
            for event in &events {
                match event {
                    ProviderEvent::ProviderResumed { .. } => prop_assert!(matches!(
                        happens,
                        Happens::Verdict(Verdict::Works) | Happens::Operator(true)
                    )),
                    ProviderEvent::ProbeFailed { until, .. } => {
                        prop_assert!(before.is_due(now) && *until > now);
                    }
                    ProviderEvent::ProviderSuspended { until: Some(until), .. } => {
                        let pause = *until - now;
                        prop_assert!(pause >= TimeDelta::seconds(12) && pause <= TimeDelta::minutes(18));
                    }
                    _ => {}
                }
                provider.evolve(event);
            }
            let stored: Provider =
                serde_json::from_value(serde_json::to_value(&provider).unwrap()).unwrap();
            prop_assert_eq!(&stored, &provider);
        }
    }
}
