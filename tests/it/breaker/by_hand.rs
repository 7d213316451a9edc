//! Operators set providers aside, and put them back.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{is, occurred, provider, start};
use crate::support::{
    running::Running,
    shop::{Census, Shop},
};

const SUSPEND: &str = "mutation($id: ID!, $minutes: Int, $note: String) {
    suspendProvider(id: $id, minutes: $minutes, note: $note) {
        position provider { health suspensionReason suspendedUntil } } }";
const RESUME: &str = "mutation($id: ID!) { resumeProvider(id: $id) {
    position provider { health suspensionReason suspendedUntil } } }";

#[tokio::test]
async fn operator_sets_a_provider_aside_until_the_operator_says_otherwise() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let id = &shop.providers[0];
    let note = "they move house";
    let suspended = running.data(SUSPEND, json!({"id": id, "note": note})).await;
    let row = &suspended["suspendProvider"]["provider"];
    assert_eq!((&row["health"], &row["suspensionReason"]), (&json!("SUSPENDED"), &json!(note)));
    assert_eq!(row["suspendedUntil"], Value::Null);
    let order = running.place(shop.order("https://social.example/p/1")).await;
    assert_eq!(running.order_at_rest(&order).await["provider"]["name"], "panel 2");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(occurred(running.database.pool(), "ProviderHalfOpened").await, 0);

    let resumed = running.data(RESUME, json!({"id": id})).await;
    let row = &resumed["resumeProvider"]["provider"];
    assert_eq!(row["suspensionReason"], Value::Null);
    let order = running.place(shop.order("https://social.example/p/2")).await;
    assert_eq!(running.order_at_rest(&order).await["provider"]["name"], "panel 1");
    let alerts = "{ alerts(first: 5) { nodes { kind } } }";
    assert_eq!(running.data(alerts, json!({})).await["alerts"]["nodes"], json!([]));
    running.stop().await;
}

#[tokio::test]
async fn suspension_for_a_time_has_its_end_and_wrong_input_is_refused() {
    let running = start().await;
    let shop = Shop::open(&running, 1).await;
    let id = &shop.providers[0];
    for (field, input) in [
        ("minutes", json!({"id": id, "minutes": 0})),
        ("minutes", json!({"id": id, "minutes": 9_999_999})),
        ("note", json!({"id": id, "note": "a\u{7}"})),
    ] {
        let refused = running.refusal(SUSPEND, input).await;
        assert_eq!(refused["extensions"]["field"], field, "{refused}");
    }
    let nobody = "0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11";
    for mutation in [SUSPEND, RESUME] {
        let refused = running.refusal(mutation, json!({"id": nobody})).await;
        assert_eq!(refused["extensions"]["code"], "NOT_FOUND");
    }
    running.data(SUSPEND, json!({"id": id, "minutes": 30})).await;
    let row = provider(&running, id).await;
    assert_eq!(row["suspensionReason"], "suspended by hand");
    assert_ne!(row["suspendedUntil"], Value::Null);
    is(&running, id, "SUSPENDED").await;
    let coverage = "{ coverage { nodes { problem message service { number } } } }";
    let gaps = running.data(coverage, json!({})).await.to_string();
    assert!(gaps.contains("ALL_PROVIDERS_DOWN"), "{gaps}");
    running.stop().await;
}

#[tokio::test]
async fn operators_word_ends_a_suspension_by_the_breaker() {
    let running = Running::start_with(|config| config.breaker = Some(Default::default())).await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(vec![super::refuse("Not enough funds on balance").times(1)]);
    running.order_at_rest(&running.place(shop.order("https://social.example/p/1")).await).await;
    is(&running, &shop.providers[0], "SUSPENDED").await;
    running.data(RESUME, json!({"id": shop.providers[0]})).await;
    running.order_at_rest(&running.place(shop.order("https://social.example/p/2")).await).await;
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 2, ..Census::default() });
    assert_eq!(shop.held(), [1, 1]);
    running.stop().await;
}
