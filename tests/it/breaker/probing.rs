//! How a provider that is set aside comes back: the balance call first, then one order.

use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::json;
use signalbox::simulator::{Action, Fault, FaultRule};
use tokio::time::{Instant, sleep};

use super::{is, occurred, occurs, provider, refuse, start};
use crate::support::{
    api::until,
    shop::{Census, Shop},
};

#[tokio::test]
async fn empty_wallet_rests_until_the_balance_is_read_above_zero() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let journal = running.database.pool();
    shop.panels[0].set_balance(Decimal::ZERO);
    let id = running.place(shop.order("https://social.example/p/1")).await;
    running.order_at_rest(&id).await;
    is(&running, &shop.providers[0], "SUSPENDED").await;
    assert_eq!(
        provider(&running, &shop.providers[0]).await["suspensionReason"],
        "Not enough funds on balance"
    );
    occurs(&running, journal, "ProbeFailed", 2).await;
    assert_eq!(occurred(journal, "ProviderHalfOpened").await, 0);
    shop.panels[0].set_balance(Decimal::from(1_000_000));
    is(&running, &shop.providers[0], "DEGRADED").await;
    let id = running.place(shop.order("https://social.example/p/2")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["provider"]["name"], "panel 1", "{order}");
    assert_eq!(order["attempts"][0]["decision"]["candidates"][0]["on_trial"], true, "{order}");
    occurs(&running, journal, "ProviderResumed", 1).await;
    let log = provider(&running, &shop.providers[0]).await["healthLog"].clone();
    let changes: Vec<&str> =
        log.as_array().unwrap().iter().map(|row| row["change"].as_str().unwrap()).collect();
    assert_eq!((changes[0], changes[1]), ("SUSPENDED", "PROBE_FAILED"), "{log}");
    assert_eq!(changes[changes.len() - 2..], ["HALF_OPENED", "RESUMED"], "{log}");
    running.stop().await;
}

#[tokio::test]
async fn provider_that_answers_a_probe_by_asking_to_be_left_alone_is_not_probed_before_that() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let asks = Fault::Unavailable { retry_after_seconds: 2 };
    let asks = FaultRule::on(Action::Balance, asks).times(1);
    shop.panels[0].set_faults(vec![refuse("Not enough funds on balance").times(1), asks]);
    running.order_at_rest(&running.place(shop.order("https://social.example/p/1")).await).await;
    occurs(&running, running.database.pool(), "ProbeFailed", 1).await;
    let began = Instant::now();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(shop.panels[0].state().requests[&Action::Balance], 1, "a pause has 800 ms");
    is(&running, &shop.providers[0], "DEGRADED").await;
    assert!(began.elapsed() > Duration::from_millis(1900), "{:?}", began.elapsed());
    assert_eq!(shop.panels[0].state().requests[&Action::Balance], 2);
    running.stop().await;
}

#[tokio::test]
async fn key_that_is_mended_is_proved_by_an_operators_own_test() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let update = "mutation($i: UpdateProviderInput!) { updateProvider(input: $i) { position } }";
    let key = |key: &str| json!({"i": {"id": shop.providers[0], "apiKey": key}});
    running.data(update, key("a wrong one")).await;
    let id = running.place(shop.order("https://social.example/p/1")).await;
    running.order_at_rest(&id).await;
    is(&running, &shop.providers[0], "SUSPENDED").await;
    occurs(&running, running.database.pool(), "ProbeFailed", 3).await;
    running.data(update, key(&shop.panels[0].key())).await;
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok } }";
    running.data(test, json!({"id": shop.providers[0]})).await;
    let row = provider(&running, &shop.providers[0]).await;
    assert_eq!(row["health"], "DEGRADED", "{row}");
    running.stop().await;
}

#[tokio::test]
async fn one_order_at_a_time_tries_and_one_that_is_refused_goes_on_waiting() {
    let running = start().await;
    let shop = Shop::open(&running, 1).await;
    let journal = running.database.pool();
    shop.panels[0].set_balance(Decimal::ZERO);
    running.order_at_rest(&running.place(shop.order("https://social.example/first")).await).await;
    is(&running, &shop.providers[0], "SUSPENDED").await;
    for number in 0..12 {
        running.place(shop.order(&format!("https://social.example/p/{number}"))).await;
    }
    occurs(&running, journal, "OrderDeferred", 12).await;
    // It answers the balance call, and takes no orders all the same.
    shop.panels[0].set_faults(vec![refuse("Ordering is disabled")]);
    shop.panels[0].set_balance(Decimal::from(1_000_000));
    occurs(&running, journal, "ProviderSuspended", 4).await;
    let trials = u64::try_from(occurred(journal, "TrialStarted").await).unwrap();
    assert!((3..=4).contains(&trials), "{trials}");
    assert!(shop.asked()[0] <= 1 + trials, "{:?} calls, {trials} trials", shop.asked());
    assert_eq!(occurred(journal, "OrderFailed").await, 1, "none that tried it");

    let slow = FaultRule::on(Action::Add, Fault::SlowMs(150));
    shop.panels[0].set_faults(vec![slow]);
    running.all_at_rest().await;
    let census = shop.census(journal).await;
    assert_eq!(census, Census { placed: 12, failed: 1, ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn order_that_proves_nothing_makes_room_for_another() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let journal = running.database.pool();
    shop.panels[0].set_faults(vec![refuse("Not enough funds on balance").times(1)]);
    running.order_at_rest(&running.place(shop.order("https://social.example/1")).await).await;
    occurs(&running, journal, "ProviderHalfOpened", 1).await;
    shop.panels[0].set_faults(vec![refuse("Bad link").times(1)]);
    until("the catalogue knows", async || running.app.commands().catch_up().await.is_ok()).await;
    running.order_at_rest(&running.place(shop.order("https://social.example/2")).await).await;
    occurs(&running, journal, "TrialReleased", 1).await;
    assert_eq!(occurred(journal, "ProviderResumed").await, 0);
    sleep(Duration::from_millis(100)).await;
    running.order_at_rest(&running.place(shop.order("https://social.example/3")).await).await;
    occurs(&running, journal, "ProviderResumed", 1).await;
    running.stop().await;
}
