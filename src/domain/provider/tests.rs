//! A provider, given, when, then.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use rust_decimal::dec;
use test_case::test_case;
use uuid::Uuid;

use super::*;
use crate::domain::{Aggregate, Balance, CredentialId, Position};

fn given(events: impl IntoIterator<Item = ProviderEvent>) -> AggregateTestExecutor<Provider> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn name(text: &str) -> ProviderName {
    ProviderName::try_new(text).unwrap()
}

fn url(text: &str) -> ProviderUrl {
    ProviderUrl::try_new(text, UpstreamPolicy::PublicOnly).unwrap()
}

fn key(n: u128) -> KeyReference {
    KeyReference { credential_id: CredentialId(Uuid::from_u128(n)), hint: Some("a1b2".to_owned()) }
}

const ADDRESS: &str = "https://peak.example/api/v2";

fn add(priority: i32) -> ProviderCommand {
    ProviderCommand::Add { name: name("Peak"), api_url: url(ADDRESS), priority, key: key(1) }
}

fn added() -> ProviderEvent {
    ProviderEvent::ProviderAdded {
        name: "Peak".to_owned(),
        api_url: ADDRESS.to_owned(),
        priority: 1,
        credential_id: key(1).credential_id,
        key_hint: key(1).hint,
    }
}

fn deactivated() -> ProviderEvent {
    ProviderEvent::ProviderDeactivated {}
}

fn deleted() -> ProviderEvent {
    ProviderEvent::ProviderDeleted {}
}

fn delete(services: usize, open_orders: i64) -> ProviderCommand {
    ProviderCommand::Delete(Dependents { services, open_orders })
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_016_000, 0).unwrap()
}

fn tested(outcome: Result<Balance, String>) -> ProviderCommand {
    let watch = BalanceWatch::default();
    ProviderCommand::RecordConnectionTest { outcome, response_ms: 120, tested_at: noon(), watch }
}

fn succeeded() -> ProviderEvent {
    ProviderEvent::ConnectionTestSucceeded {
        balance: dec!(100.84292),
        currency: Some("USD".to_owned()),
        runway_hours: None,
        response_ms: 120,
        tested_at: noon(),
    }
}

fn measured(placed: i64, failed: i64) -> Measures {
    Measures { judged: placed + failed, placed, ..Measures::default() }
}

fn rank(measures: Measures) -> ProviderCommand {
    ProviderCommand::Rank { measures, basis: Basis { position: Position(7), as_of: noon() } }
}

fn ranked(measures: Measures) -> ProviderEvent {
    let (score, basis, as_of) = (Score::of(&measures), Position(7), Some(noon()));
    ProviderEvent::RankingChanged { score, measures, basis, as_of }
}

#[test]
fn provider_is_ranked_by_what_was_measured() {
    let measures = measured(3, 7);
    given([added()]).when(rank(measures)).then_expect_events(vec![ranked(measures)]);
}

#[test]
fn ranking_that_hardly_changes_is_no_news() {
    given([added()]).when(rank(Measures::default())).then_expect_events(vec![]);
    given([added(), ranked(measured(9_000, 1_000))])
        .when(rank(measured(9_001, 1_000)))
        .then_expect_events(vec![]);
}

#[test]
fn provider_that_is_gone_is_not_ranked() {
    let gone = given([added(), deleted()]).when(rank(measured(3, 7)));
    gone.then_expect_error(ProviderError::NotFound);
}

#[test]
fn provider_is_added() {
    given([]).when(add(1)).then_expect_events(vec![added()]);
}

#[test]
fn provider_is_added_once_even_after_it_was_deleted() {
    given([added()]).when(add(1)).then_expect_error(ProviderError::AlreadyAdded);
    given([added(), deleted()]).when(add(1)).then_expect_error(ProviderError::AlreadyAdded);
}

#[test_case(0)]
#[test_case(-1)]
#[test_case(MAX_PRIORITY + 1)]
fn priority_out_of_range_is_refused(priority: i32) {
    given([]).when(add(priority)).then_expect_error(ProviderError::Priority(priority));
    let changes = ProviderChanges { priority: Some(priority), ..Default::default() };
    given([added()])
        .when(ProviderCommand::Update(changes))
        .then_expect_error(ProviderError::Priority(priority));
}

fn json_dialect() -> Dialect {
    Dialect::try_new(Method::Post, Encoding::Json, KeyPlace::Bearer).unwrap()
}

fn eight_at_once() -> ProviderLimits {
    ProviderLimits { concurrent_calls: Some(8), ..ProviderLimits::default() }
}

fn terms() -> ProviderTerms {
    ProviderTerms {
        description: Some(Description::try_new(" slow ").unwrap()),
        dialect: Some(json_dialect()),
        limits: LimitChanges { concurrent_calls: Some(Some(8)), ..LimitChanges::default() },
    }
}

fn limited(change: LimitChanges) -> Result<ProviderLimits, InvalidLimit> {
    eight_at_once().changed(change)
}

#[test]
fn limit_that_is_not_given_stays_and_null_goes_back_to_the_default() {
    let none = LimitChanges::default();
    assert_eq!(limited(none), Ok(eight_at_once()));
    let back = LimitChanges { concurrent_calls: Some(None), ..none };
    assert_eq!(limited(back), Ok(ProviderLimits::default()));
    let timed = LimitChanges { order_timeout_s: Some(Some(45)), ..none };
    let order_timeout_s = Some(45);
    assert_eq!(limited(timed), Ok(ProviderLimits { order_timeout_s, ..eight_at_once() }));
}

#[test]
fn limit_out_of_bounds_is_refused() {
    let none = LimitChanges::default();
    for (change, refusal) in [
        (
            LimitChanges { concurrent_calls: Some(Some(0)), ..none },
            InvalidLimit::ConcurrentCalls(0),
        ),
        (LimitChanges { calls_per_1000_s: Some(Some(0)), ..none }, InvalidLimit::Rate),
        (LimitChanges { order_timeout_s: Some(Some(14)), ..none }, InvalidLimit::OrderTimeout(14)),
        (LimitChanges { read_timeout_s: Some(Some(301)), ..none }, InvalidLimit::ReadTimeout(301)),
        (
            LimitChanges { catalogue_timeout_s: Some(Some(-1)), ..none },
            InvalidLimit::CatalogueTimeout(-1),
        ),
    ] {
        assert_eq!(limited(change), Err(refusal));
    }
    let rate = ProviderLimits { calls_per_1000_s: Some(2_500), ..ProviderLimits::default() };
    assert_eq!(rate.call_interval(), Some(std::time::Duration::from_millis(400)));
    assert_eq!(ProviderLimits::default().call_interval(), None);
}

#[test]
fn get_has_no_body() {
    for encoding in [Encoding::Form, Encoding::Json] {
        assert_eq!(Dialect::try_new(Method::Get, encoding, KeyPlace::Field), Err(InvalidDialect));
    }
    assert!(Dialect::try_new(Method::Get, Encoding::Query, KeyPlace::Field).is_ok());
}

#[test]
fn each_change_is_an_event_of_its_own() {
    let changes = ProviderChanges {
        name: Some(name("Summit")),
        api_url: Some(url("https://summit.example/")),
        priority: Some(2),
        key: Some(key(2)),
        sync_interval: Some(SyncInterval::NEVER),
        terms: terms(),
        account_use: None,
    };
    given([added()]).when(ProviderCommand::Update(changes)).then_expect_events(vec![
        ProviderEvent::ProviderRenamed { name: "Summit".to_owned() },
        ProviderEvent::ProviderUrlChanged { api_url: "https://summit.example/".to_owned() },
        ProviderEvent::ProviderPriorityChanged { priority: 2 },
        ProviderEvent::ProviderKeyReplaced {
            credential_id: key(2).credential_id,
            key_hint: key(2).hint,
        },
        ProviderEvent::ProviderSyncIntervalSet { sync_interval_minutes: SyncInterval::NEVER },
        ProviderEvent::ProviderDescribed { description: Description::try_new("slow").unwrap() },
        ProviderEvent::ProviderDialectChanged { dialect: json_dialect() },
        ProviderEvent::ProviderLimitsChanged { limits: eight_at_once() },
    ]);
}

#[test]
fn update_to_what_is_there_already_is_quiet() {
    let changes = ProviderChanges {
        name: Some(name(" Peak ")),
        api_url: Some(url(ADDRESS)),
        priority: Some(1),
        key: None,
        sync_interval: Some(SyncInterval::default()),
        terms: ProviderTerms {
            description: Some(Description::default()),
            dialect: Some(Dialect::default()),
            limits: LimitChanges { concurrent_calls: Some(None), ..LimitChanges::default() },
        },
        account_use: None,
    };
    given([added()]).when(ProviderCommand::Update(changes)).then_expect_events(vec![]);
}

#[test_case(0 => Ok(None); "zero is never")]
#[test_case(1 => Ok(Some(1)); "every minute")]
#[test_case(43_200 => Ok(Some(43_200)); "every thirty days")]
#[test_case(43_201 => Err(InvalidSyncInterval(43_201)); "longer")]
#[test_case(-1 => Err(InvalidSyncInterval(-1)); "before it ended")]
fn sync_interval_is_up_to_thirty_days(minutes: i32) -> Result<Option<i32>, InvalidSyncInterval> {
    SyncInterval::try_new(minutes).map(SyncInterval::minutes)
}

#[test]
fn toggle_switches_between_active_and_inactive() {
    given([added()]).when(ProviderCommand::Toggle).then_expect_events(vec![deactivated()]);
    given([added(), deactivated()])
        .when(ProviderCommand::Toggle)
        .then_expect_events(vec![ProviderEvent::ProviderActivated {}]);
}

#[test]
fn activation_that_is_in_force_already_is_quiet() {
    let set = ProviderCommand::SetActive;
    given([added()]).when(set(Activation::Active)).then_expect_events(vec![]);
    given([added(), deactivated()]).when(set(Activation::Inactive)).then_expect_events(vec![]);
    given([added()]).when(set(Activation::Inactive)).then_expect_events(vec![deactivated()]);
    given([added(), deactivated()])
        .when(set(Activation::Active))
        .then_expect_events(vec![ProviderEvent::ProviderActivated {}]);
}

#[test]
fn provider_that_nothing_depends_on_is_deleted() {
    given([added()]).when(delete(0, 0)).then_expect_events(vec![deleted()]);
    given([added(), deactivated()]).when(delete(0, 0)).then_expect_events(vec![deleted()]);
}

#[test]
fn provider_with_services_or_open_orders_is_not_deleted() {
    given([added()])
        .when(delete(3, 2))
        .then_expect_error(ProviderError::HasServices { services: 3 });
    given([added()])
        .when(delete(0, 2))
        .then_expect_error(ProviderError::HasOpenOrders { orders: 2 });
}

#[test]
fn connection_test_is_recorded_with_the_balance_or_the_failure() {
    let balance = Balance { amount: dec!(100.84292), currency: Some("USD".to_owned()) };
    given([added()]).when(tested(Ok(balance))).then_expect_events(vec![succeeded()]);
    given([added()]).when(tested(Err("Invalid API key".to_owned()))).then_expect_events(vec![
        ProviderEvent::ConnectionTestFailed {
            reason: "Invalid API key".to_owned(),
            response_ms: 120,
            tested_at: noon(),
        },
    ]);
}

#[test]
fn nothing_can_be_done_to_a_provider_that_does_not_exist() {
    for history in [vec![], vec![added(), deleted()]] {
        for command in [
            ProviderCommand::Update(ProviderChanges::default()),
            ProviderCommand::Toggle,
            ProviderCommand::SetActive(Activation::Inactive),
            delete(0, 0),
            tested(Err("x".to_owned())),
        ] {
            given(history.clone()).when(command).then_expect_error(ProviderError::NotFound);
        }
    }
}

#[test]
fn balance_is_known_for_an_hour_after_it_was_read() {
    let mut provider = Provider::default();
    provider.evolve(&added());
    assert_eq!(provider.fresh_balance(noon()), None);
    provider.evolve(&succeeded());
    assert_eq!(provider.fresh_balance(noon() + TimeDelta::minutes(60)), Some(dec!(100.84292)));
    assert_eq!(provider.fresh_balance(noon() + TimeDelta::seconds(3601)), None);
}

#[test]
fn key_of_a_command_leaves_nothing_but_its_hint_in_the_event() {
    let events = given([]).when(add(1)).inspect_result().unwrap();
    let stored = serde_json::to_value(&events[0]).unwrap();
    let mut fields: Vec<&String> = stored.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["api_url", "credential_id", "key_hint", "name", "priority", "type"]);
}
