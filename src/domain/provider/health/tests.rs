//! Alarms, given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use rust_decimal::dec;

use super::*;
use crate::domain::{
    CredentialId,
    provider::{ProviderCommand, ProviderError, SuspensionCause},
};

const WATCH: BalanceWatch = BalanceWatch { hours: 24, amount: Some(dec!(10)) };

fn given(events: impl IntoIterator<Item = ProviderEvent>) -> AggregateTestExecutor<Provider> {
    let added = ProviderEvent::ProviderAdded {
        name: "Peak".to_owned(),
        api_url: "https://peak.example/api/v2".to_owned(),
        priority: 1,
        credential_id: CredentialId::default(),
        key_hint: None,
    };
    TestFramework::with(()).given([added].into_iter().chain(events).collect())
}

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_016_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn usd() -> Option<String> {
    Some("USD".to_owned())
}

fn record(amount: Decimal, minutes: i64) -> ProviderCommand {
    let balance = Balance { amount, currency: usd() };
    ProviderCommand::RecordBalance { balance, response_ms: 120, read_at: at(minutes), watch: WATCH }
}

fn read(balance: Decimal, runway_hours: Option<i64>, minutes: i64) -> ProviderEvent {
    ProviderEvent::BalanceRead {
        balance,
        currency: usd(),
        runway_hours,
        response_ms: 120,
        read_at: at(minutes),
    }
}

fn low(balance: Decimal, runway_hours: Option<i64>) -> ProviderEvent {
    ProviderEvent::LowBalanceNoticed { balance, currency: usd(), runway_hours }
}

fn restored(balance: Decimal, runway_hours: Option<i64>) -> ProviderEvent {
    ProviderEvent::LowBalanceEnded { balance, currency: usd(), runway_hours }
}

fn silence() -> Silence {
    Silence { failed_calls: 3, since: at(0), reason: "connection refused".to_owned() }
}

fn down() -> ProviderEvent {
    let Silence { failed_calls, since, reason } = silence();
    ProviderEvent::ProviderDownNoticed { failed_calls, since, reason }
}

#[test]
fn changed_balance_is_recorded_with_its_runway() {
    given([]).when(record(dec!(1000), 0)).then_expect_events(vec![read(dec!(1000), None, 0)]);
    given([read(dec!(1000), None, 0)]).when(record(dec!(990), 60)).then_expect_events(vec![read(
        dec!(990),
        Some(99),
        60,
    )]);
}

#[test]
fn balance_that_stays_is_recorded_again_before_it_is_too_old_to_count_on() {
    given([read(dec!(1000), None, 0)]).when(record(dec!(1000), 29)).then_expect_events(vec![]);
    given([read(dec!(1000), None, 0)])
        .when(record(dec!(1000.00), 30))
        .then_expect_events(vec![read(dec!(1000), None, 30)]);
}

#[test]
fn low_balance_is_noticed_once_and_ends_a_quarter_above() {
    let fallen = [read(dec!(20), None, 0), read(dec!(9), None, 5), low(dec!(9), None)];
    given(fallen[..1].to_vec())
        .when(record(dec!(9), 5))
        .then_expect_events(vec![read(dec!(9), Some(0), 5), low(dec!(9), Some(0))]);
    given(fallen.clone()).when(record(dec!(8), 10)).then_expect_events(vec![read(
        dec!(8),
        Some(0),
        10,
    )]);
    given(fallen.clone()).when(record(dec!(12), 10)).then_expect_events(vec![read(
        dec!(12),
        Some(1),
        10,
    )]);
    given(fallen)
        .when(record(dec!(500), 10))
        .then_expect_events(vec![read(dec!(500), Some(45), 10), restored(dec!(500), Some(45))]);
}

#[test]
fn low_balance_that_stays_raises_no_second_alarm() {
    given([read(dec!(9), None, 0), low(dec!(9), None)])
        .when(record(dec!(9), 5))
        .then_expect_events(vec![]);
}

#[test]
fn provider_that_is_switched_off_and_on_again_is_looked_at_anew() {
    let history = [
        read(dec!(9), None, 0),
        low(dec!(9), None),
        ProviderEvent::ProviderDeactivated {},
        ProviderEvent::ProviderActivated {},
    ];
    given(history).when(record(dec!(9), 5)).then_expect_events(vec![low(dec!(9), None)]);
}

#[test]
fn silent_provider_is_noticed_once_and_its_next_answer_ends_it() {
    let silent = ProviderCommand::RecordSilence;
    given([]).when(silent(silence())).then_expect_events(vec![down()]);
    given([down()]).when(silent(silence())).then_expect_events(vec![]);
    given([read(dec!(50), None, 0), down()])
        .when(record(dec!(50), 5))
        .then_expect_events(vec![ProviderEvent::ProviderDownEnded {}]);
    given([ProviderEvent::ProviderDeleted {}])
        .when(silent(silence()))
        .then_expect_error(ProviderError::NotFound);
}

#[test]
fn another_currency_is_another_account() {
    let euros = Balance { amount: dec!(50), currency: Some("EUR".to_owned()) };
    let command = ProviderCommand::RecordBalance {
        balance: euros,
        response_ms: 120,
        read_at: at(60),
        watch: WATCH,
    };
    given([read(dec!(1000), None, 0)]).when(command).then_expect_events(vec![
        ProviderEvent::BalanceRead {
            balance: dec!(50),
            currency: Some("EUR".to_owned()),
            runway_hours: None,
            response_ms: 120,
            read_at: at(60),
        },
    ]);
}

/// A suspension that the breaker is to find the end of.
fn set_aside(cause: SuspensionCause) -> ProviderEvent {
    let (reason, since, until) = ("it fails".to_owned(), at(0), Some(at(1)));
    ProviderEvent::ProviderSuspended { cause, reason, since, until, trips: 1 }
}

fn test(outcome: Result<Decimal, &str>, minutes: i64) -> ProviderCommand {
    ProviderCommand::RecordConnectionTest {
        outcome: outcome
            .map(|amount| Balance { amount, currency: usd() })
            .map_err(ToOwned::to_owned),
        response_ms: 7,
        tested_at: at(minutes),
        watch: WATCH,
    }
}

fn test_failed(minutes: i64) -> ProviderEvent {
    let (reason, tested_at) = ("connection refused".to_owned(), at(minutes));
    ProviderEvent::ConnectionTestFailed { reason, response_ms: 7, tested_at }
}

fn test_passed(balance: Decimal, runway_hours: Option<i64>, minutes: i64) -> ProviderEvent {
    ProviderEvent::ConnectionTestSucceeded {
        balance,
        currency: usd(),
        runway_hours,
        response_ms: 7,
        tested_at: at(minutes),
    }
}

#[test]
fn third_probe_of_a_provider_set_aside_that_fails_is_an_alarm() {
    let aside = [set_aside(SuspensionCause::FailuresInARow), test_failed(1), test_failed(2)];
    let noticed = ProviderEvent::ProviderDownNoticed {
        failed_calls: 3,
        since: at(1),
        reason: "connection refused".to_owned(),
    };
    let fails = |minutes| test(Err("connection refused"), minutes);
    given(aside[..2].to_vec()).when(fails(2)).then_expect_events(vec![test_failed(2)]);
    given(aside.clone()).when(fails(4)).then_expect_events(vec![test_failed(4), noticed.clone()]);
    given(aside.into_iter().chain([test_failed(4), noticed]))
        .when(fails(8))
        .then_expect_events(vec![test_failed(8)]);
}

#[test]
fn probes_count_from_the_suspension_and_from_the_last_answer() {
    let aside = || set_aside(SuspensionCause::FailuresInARow);
    let fails = || test(Err("connection refused"), 9);
    for between in [aside(), test_passed(dec!(50), None, 3)] {
        given([aside(), test_failed(1), test_failed(2), between])
            .when(fails())
            .then_expect_events(vec![test_failed(9)]);
    }
}

#[test]
fn test_that_fails_is_no_probe_of_a_provider_that_works_or_that_an_operator_set_aside() {
    let failed = || (1..9).map(test_failed);
    for before in [None, Some(set_aside(SuspensionCause::Operator))] {
        given(before.into_iter().chain(failed()))
            .when(test(Err("connection refused"), 9))
            .then_expect_events(vec![test_failed(9)]);
    }
}

#[test]
fn test_that_is_passed_begins_and_ends_alarms_as_a_reading_does() {
    given([read(dec!(1000), None, 0), down()]).when(test(Ok(dec!(990)), 60)).then_expect_events(
        vec![test_passed(dec!(990), Some(99), 60), ProviderEvent::ProviderDownEnded {}],
    );
    given([])
        .when(test(Ok(dec!(9)), 0))
        .then_expect_events(vec![test_passed(dec!(9), None, 0), low(dec!(9), None)]);
    given([read(dec!(9), None, 0), low(dec!(9), None)])
        .when(test(Ok(dec!(500)), 5))
        .then_expect_events(vec![test_passed(dec!(500), None, 5), restored(dec!(500), None)]);
}

#[test]
fn provider_that_is_off_raises_no_alarm() {
    given([ProviderEvent::ProviderDeactivated {}])
        .when(test(Ok(dec!(9)), 0))
        .then_expect_events(vec![test_passed(dec!(9), None, 0)]);
    given([ProviderEvent::ProviderDeactivated {}])
        .when(ProviderCommand::RecordSilence(silence()))
        .then_expect_events(vec![]);
}
