//! What our accounts hold is known, and alarms about it come and go once.

use std::time::Duration;

use chrono::TimeDelta;
use rust_decimal::{Decimal, dec};
use serde_json::{Value, json};
use signalbox::{
    app::AppConfig,
    domain::provider::{BalanceWatch, BreakerPolicy},
    process::BalancePace,
    simulator::{Action, Fault, FaultRule, Panel},
};
use tokio::time::sleep;

use crate::support::{
    api::until,
    catalogue::{count_events, panel, plain_rows},
    running::Running,
    shop::Shop,
};

/// Asks often, and raises an alert below ten.
fn watch_closely(config: &mut AppConfig) {
    let ms = Duration::from_millis;
    config.monitoring.balances = BalancePace {
        interval: Some(ms(100)),
        glance: ms(20),
        retry: ms(30),
        ..BalancePace::default()
    };
    config.monitoring.balance_watch = BalanceWatch { hours: 0, amount: Some(dec!(10)) };
}

async fn watching() -> Running {
    Running::start_with(watch_closely).await
}

async fn watched(running: &Running, balance: Decimal) -> (Panel, String) {
    let panel = panel(plain_rows(1)).await;
    panel.set_balance(balance);
    let provider = running.add_panel("Peak", &panel, 1).await;
    (panel, provider)
}

async fn provider(running: &Running, id: &str) -> Value {
    let query = "query($id: ID!) { provider(id: $id) { balance currency runwayHours } }";
    running.data(query, json!({"id": id})).await["provider"].clone()
}

async fn balance_is(running: &Running, id: &str, amount: &str) {
    until(&format!("the balance is {amount}"), async || {
        provider(running, id).await["balance"] == amount
    })
    .await;
}

async fn alerts(running: &Running) -> Vec<Value> {
    let query =
        "{ alerts { nodes { kind message endedAt provider { name } deliveries { state } } } }";
    running.data(query, json!({})).await["alerts"]["nodes"].as_array().unwrap().clone()
}

/// Lets it be asked some more times.
async fn asked_again(panel: &Panel) {
    let asked = || panel.state().requests.get(&Action::Balance).copied().unwrap_or_default();
    let before = asked();
    until("it was asked again", async || asked() >= before + 3).await;
}

#[tokio::test]
async fn changes_of_a_balance_are_events_and_nothing_else_is() {
    let running = watching().await;
    let (panel, id) = watched(&running, dec!(1000)).await;
    balance_is(&running, &id, "1000").await;
    asked_again(&panel).await;
    assert_eq!(count_events(&running, &["BalanceRead"]).await, 1);
    assert_eq!(provider(&running, &id).await["runwayHours"], Value::Null);
    panel.set_balance(dec!(990));
    balance_is(&running, &id, "990").await;
    asked_again(&panel).await;
    assert_eq!(count_events(&running, &["BalanceRead"]).await, 2);
    let known = provider(&running, &id).await;
    assert_eq!(known, json!({"balance": "990", "currency": "USD", "runwayHours": 99}));
    let off = "mutation($id: ID!) { toggleProviderStatus(id: $id) { position } }";
    running.data(off, json!({"id": id})).await;
    sleep(Duration::from_millis(200)).await;
    let asked = panel.state().requests[&Action::Balance];
    sleep(Duration::from_millis(400)).await;
    assert_eq!(panel.state().requests[&Action::Balance], asked, "one that is off is not asked");
    running.stop().await;
}

#[tokio::test]
async fn low_balance_is_an_alert_for_as_long_as_it_is_low() {
    let running = watching().await;
    let (panel, id) = watched(&running, dec!(9.5)).await;
    until("it is noticed", async || !alerts(&running).await.is_empty()).await;
    asked_again(&panel).await;
    panel.set_balance(dec!(8));
    balance_is(&running, &id, "8").await;
    let raised = alerts(&running).await;
    let expected = json!([{"kind": "LOW_BALANCE", "message": "our balance there is 9.5 USD",
        "endedAt": null, "provider": {"name": "Peak"}, "deliveries": []}]);
    assert_eq!(json!(raised), expected, "once for as long as it is low");
    panel.set_balance(dec!(500));
    until("it is over", async || alerts(&running).await[0]["endedAt"] != Value::Null).await;
    panel.set_balance(dec!(1));
    until("it is noticed anew", async || alerts(&running).await.len() == 2).await;
    let counts = [
        count_events(&running, &["LowBalanceNoticed"]).await,
        count_events(&running, &["LowBalanceEnded"]).await,
    ];
    assert_eq!(counts, [2, 1]);
    running.stop().await;
}

#[tokio::test]
async fn provider_that_does_not_answer_is_an_alert_until_it_answers() {
    let running = watching().await;
    let (panel, id) = watched(&running, dec!(100)).await;
    balance_is(&running, &id, "100").await;
    panel.set_faults(vec![FaultRule::on(Action::Balance, Fault::ServerError)]);
    until("it is noticed", async || !alerts(&running).await.is_empty()).await;
    asked_again(&panel).await;
    let raised = alerts(&running).await;
    assert_eq!((raised.len(), &raised[0]["kind"]), (1, &json!("PROVIDER_DOWN")));
    let message = raised[0]["message"].as_str().unwrap();
    assert!(message.starts_with("3 balance calls on end have failed: "), "{message}");
    panel.clear_faults();
    until("it is over", async || alerts(&running).await[0]["endedAt"] != Value::Null).await;
    let counts = [
        count_events(&running, &["ProviderDownNoticed"]).await,
        count_events(&running, &["ProviderDownEnded"]).await,
    ];
    assert_eq!(counts, [1, 1]);
    running.stop().await;
}

#[tokio::test]
async fn provider_that_is_set_aside_is_asked_by_probes_alone_and_they_raise_and_end_the_alert() {
    let running = Running::start_with(|config| {
        watch_closely(config);
        config.breaker = Some(BreakerPolicy {
            failures_in_a_row: 1,
            first_pause: TimeDelta::milliseconds(800),
            longest_pause: TimeDelta::milliseconds(800),
            ..BreakerPolicy::default()
        });
    })
    .await;
    let shop = Shop::open(&running, 1).await;
    let panel = &shop.panels[0];
    let refuse = Fault::Refuse("API is disabled".to_owned());
    panel.set_faults(vec![FaultRule::on(Action::Add, refuse)]);
    running.place(shop.order("https://social.example/p/1")).await;
    until("it is set aside", async || count_events(&running, &["ProviderSuspended"]).await == 1)
        .await;
    panel.set_faults(vec![FaultRule::on(Action::Balance, Fault::ServerError)]);
    let down = async || {
        let alerts = alerts(&running).await;
        alerts.into_iter().find(|alert| alert["kind"] == "PROVIDER_DOWN")
    };
    until("it is noticed", async || down().await.is_some()).await;
    let message = down().await.unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("3 balance calls on end have failed: "), "{message}");
    let asked = || panel.state().requests.get(&Action::Balance).copied().unwrap_or_default();
    let (before, failed) = (asked(), count_events(&running, &["ProbeFailed"]).await);
    until("it was probed again", async || {
        count_events(&running, &["ProbeFailed"]).await >= failed + 3
    })
    .await;
    let calls = asked() - before;
    assert!((2..=5).contains(&calls), "{calls} calls for three probes");
    assert_eq!(count_events(&running, &["ProviderDownNoticed"]).await, 1);
    panel.clear_faults();
    until("it is over", async || down().await.is_some_and(|alert| alert["endedAt"] != Value::Null))
        .await;
    assert_eq!(count_events(&running, &["ProviderHalfOpened"]).await, 1);
    asked_again(panel).await;
    running.stop().await;
}

#[tokio::test]
async fn provider_that_asks_to_be_left_alone_is_not_asked_for_its_balance_before_that() {
    let running = watching().await;
    let (panel, id) = watched(&running, dec!(100)).await;
    balance_is(&running, &id, "100").await;
    let asks = Fault::Unavailable { retry_after_seconds: 2 };
    panel.set_faults(vec![FaultRule::on(Action::Balance, asks).times(1)]);
    until("it asked for it", async || {
        panel.state().faults.iter().all(|rule| rule.remaining == Some(0))
    })
    .await;
    let asked = panel.state().requests[&Action::Balance];
    panel.set_balance(dec!(50));
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(panel.state().requests[&Action::Balance], asked);
    balance_is(&running, &id, "50").await;
    running.stop().await;
}

#[tokio::test]
async fn alarm_that_lasts_is_not_raised_again_by_another_process() {
    let running = watching().await;
    let (panel, _) = watched(&running, dec!(5)).await;
    until("it is noticed", async || !alerts(&running).await.is_empty()).await;
    let database = running.stop().await;
    let next = Running::start_beside(database, |config| {
        config.monitoring.balances =
            BalancePace { interval: Some(Duration::from_millis(100)), ..BalancePace::default() };
        config.monitoring.balance_watch = BalanceWatch { hours: 0, amount: Some(dec!(10)) };
    })
    .await;
    next.dispatches().await;
    asked_again(&panel).await;
    assert_eq!(count_events(&next, &["LowBalanceNoticed"]).await, 1);
    next.stop().await;
}
