//! What sets a provider aside, and what does not.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule, RateLimitBody};

use super::{dead, impatient, is, occurred, provider, refuse, start};
use crate::support::{
    running::Running,
    shop::{Census, Shop},
};

async fn place(running: &Running, shop: &Shop, name: &str, count: usize) {
    for number in 0..count {
        let link = format!("https://social.example/{name}/{number}");
        running.order_at_rest(&running.place(shop.order(&link)).await).await;
    }
}

/// For how long a provider is set aside.
fn pause_ms(provider: &Value) -> i64 {
    let at = |field: &str| provider[field].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    (at("suspendedUntil") - at("suspendedSince")).num_milliseconds()
}

/// With the policy of an installation: who is set aside stays so for as long as a test takes.
async fn start_with_long_pauses() -> Running {
    Running::start_with(|config| {
        impatient(config);
        config.breaker = Some(Default::default());
    })
    .await
}

#[tokio::test]
async fn five_failures_in_a_row_set_a_provider_aside_and_orders_go_elsewhere() {
    let running = start_with_long_pauses().await;
    let shop = Shop::open(&running, 2).await;
    assert_eq!(provider(&running, &shop.providers[0]).await["health"], "UNKNOWN");
    place(&running, &shop, "well", 3).await;
    assert_eq!(provider(&running, &shop.providers[0]).await["health"], "HEALTHY");
    shop.panels[0].set_faults(dead());
    place(&running, &shop, "dying", 4).await;
    assert_eq!(provider(&running, &shop.providers[0]).await["health"], "DEGRADED");
    place(&running, &shop, "dead", 1).await;
    is(&running, &shop.providers[0], "SUSPENDED").await;
    place(&running, &shop, "after", 10).await;
    assert_eq!(shop.asked(), [8, 15], "none of the last ten went there");

    let row = provider(&running, &shop.providers[0]).await;
    let reason = "5 attempts in a row failed, the last: API is disabled";
    assert_eq!(row["suspensionReason"], reason);
    let pause = pause_ms(&row);
    assert!((12_000..=18_000).contains(&pause), "{pause}");
    let alerts = "{ alerts(first: 5) { nodes { kind message provider { name } } } }";
    let alerts = running.data(alerts, json!({})).await["alerts"]["nodes"].clone();
    let expected = json!([{"kind": "PROVIDER_SUSPENDED", "provider": {"name": "panel 1"},
        "message": format!("no orders go to the provider: {reason}")}]);
    assert_eq!(alerts, expected);
    let coverage = "{ coverage(first: 200) { nodes { problem service { id } } } }";
    let gaps = running.data(coverage, json!({})).await["coverage"]["nodes"].clone();
    let down = json!({"problem": "ALL_PROVIDERS_DOWN", "service": {"id": shop.service}});
    let gaps = gaps.as_array().unwrap();
    assert!(!gaps.contains(&down), "its backup is up: {gaps:?}");
    assert!(gaps.iter().any(|gap| gap["problem"] == "ALL_PROVIDERS_DOWN"), "of those without one");
    let rankings = "{ providerRankings { provider { name } reasons } }";
    let ranked = running.data(rankings, json!({})).await["providerRankings"].clone();
    assert_eq!(ranked[1]["provider"]["name"], "panel 1", "{ranked}");
    assert!(ranked[1]["reasons"].to_string().contains("attempt after attempt failed"), "{ranked}");
    let order = running.place(shop.order("https://social.example/shown")).await;
    let order = running.order_at_rest(&order).await;
    let decision = &order["attempts"][0]["decision"]["candidates"][0]["excluded"][0];
    assert_eq!(decision["rule"], "provider_suspended", "{order}");
    assert_eq!(decision["cause"], "failures_in_a_row");
    running.stop().await;
}

#[tokio::test]
async fn what_the_customer_got_wrong_never_hurts() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    for words in ["Bad link", "Incorrect quantity"] {
        shop.panels[0].set_faults(vec![refuse(words)]);
        place(&running, &shop, &words.replace(' ', "-"), 8).await;
    }
    assert_eq!(shop.asked()[0], 16);
    assert_eq!(occurred(running.database.pool(), "ProviderSuspended").await, 0);
    running.stop().await;
}

#[tokio::test]
async fn half_of_twenty_failures_set_a_provider_aside_though_no_two_came_in_a_row() {
    let running = start_with_long_pauses().await;
    let shop = Shop::open(&running, 2).await;
    for number in 0..20 {
        assert_eq!(occurred(running.database.pool(), "ProviderSuspended").await, 0, "{number}");
        let words = "Ordering is disabled";
        shop.panels[0].set_faults(if number % 2 == 0 { vec![] } else { vec![refuse(words)] });
        place(&running, &shop, &format!("half/{number}"), 1).await;
    }
    is(&running, &shop.providers[0], "SUSPENDED").await;
    assert_eq!(
        provider(&running, &shop.providers[0]).await["suspensionReason"],
        "10 of 20 attempts within 60 s failed, the last: Ordering is disabled"
    );
    place(&running, &shop, "after", 5).await;
    assert_eq!(shop.asked(), [20, 15], "none of the last five went there");
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 25, ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn provider_that_asks_to_be_left_alone_is_left_alone_for_so_long() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let asks = Fault::TooManyRequests { retry_after_seconds: Some(2), body: RateLimitBody::Json };
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, asks).times(1)]);
    place(&running, &shop, "asked", 1).await;
    is(&running, &shop.providers[0], "SUSPENDED").await;
    assert_eq!(pause_ms(&provider(&running, &shop.providers[0]).await), 2000);
    place(&running, &shop, "meanwhile", 5).await;
    assert_eq!(shop.asked(), [1, 6]);
    is(&running, &shop.providers[0], "DEGRADED").await;
    place(&running, &shop, "later", 2).await;
    assert_eq!(shop.asked(), [3, 6]);
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 8, ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn provider_that_asks_to_be_left_alone_and_leaves_doubt_is_set_aside_and_the_order_is_held() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    let asks = Fault::Unavailable { retry_after_seconds: 2 };
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, asks).times(1).after()]);
    let in_doubt = running.place(shop.order("https://social.example/asked")).await;
    assert_eq!(running.order_at_rest(&in_doubt).await["status"], "IN_DOUBT");
    is(&running, &shop.providers[0], "SUSPENDED").await;
    assert_eq!(pause_ms(&provider(&running, &shop.providers[0]).await), 2000);
    place(&running, &shop, "meanwhile", 5).await;
    assert_eq!(shop.asked(), [1, 5]);
    is(&running, &shop.providers[0], "DEGRADED").await;
    place(&running, &shop, "later", 2).await;
    assert_eq!(shop.asked(), [3, 5]);
    assert_eq!(running.order(&in_doubt).await["status"], "IN_DOUBT");
    let id = shop.panels[0].orders()[0].id.to_string();
    let settled = running.settle(&in_doubt, "PLACED", Some(&id)).await;
    assert_eq!(settled["data"]["settleAttempt"]["order"]["status"], "PENDING", "{settled}");
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 8, ..Census::default() });
    running.stop().await;
}
