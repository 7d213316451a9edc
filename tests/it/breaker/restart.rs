//! That a provider is set aside outlives the program.

use serde_json::json;
use sqlx::PgPool;

use super::{dead, impatient, is, occurred, occurs, provider};
use crate::support::{
    running::Running,
    shop::{Census, Shop},
    site::Site,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_changes_neither_who_is_set_aside_nor_who_waits() {
    let site = Site::open().await;
    let mut program = site.start(&[]).await;
    let api = program.api();
    let shop = Shop::open(&api, 1).await;
    let journal = site.pool();
    shop.panels[0].set_faults(dead());
    for number in 0..5 {
        api.order_at_rest(&api.place(shop.order(&format!("https://a.example/{number}"))).await)
            .await;
    }
    is(&api, &shop.providers[0], "SUSPENDED").await;
    let before = provider(&api, &shop.providers[0]).await;
    let waiting = api.place(shop.order("https://a.example/waits")).await;
    occurs(&api, &journal, "OrderDeferred", 1).await;
    program.kill_and_restart();
    program.dispatches("here").await;
    let after = provider(&api, &shop.providers[0]).await;
    assert_eq!(after["suspendedUntil"], before["suspendedUntil"]);
    assert_eq!(shop.asked(), [5]);
    shop.panels[0].clear_faults();
    let order = api.order_at_rest(&waiting).await;
    assert_eq!(order["status"], "PENDING", "{order}");
    occurs(&api, &journal, "ProviderResumed", 1).await;
    assert_eq!(occurred(&journal, "TrialStarted").await, 1);
    let census = shop.census(&journal).await;
    assert_eq!(census, Census { placed: 1, failed: 5, ..Census::default() });
    assert!(program.terminate().await);
    site.close().await;
}

#[tokio::test]
async fn trial_that_another_tenure_began_leaves_a_verdict() {
    let running = Running::start_with(impatient).await;
    let shop = Shop::open(&running, 1).await;
    let suspend = "mutation($id: ID!) { suspendProvider(id: $id, minutes: 60) { position } }";
    running.data(suspend, json!({"id": shop.providers[0]})).await;
    let database = running.stop().await;
    // As if the program had died when the order was out that tried the provider.
    let id: signalbox::domain::ProviderId = shop.providers[0].parse().unwrap();
    for (sequence, event_type, payload) in [
        (3, "ProviderHalfOpened", json!({"at": "2026-11-22T10:00:00Z"})),
        (
            4,
            "TrialStarted",
            json!({"order_id": uuid::Uuid::from_u128(1), "attempt_id": uuid::Uuid::from_u128(2)}),
        ),
    ] {
        append(database.pool(), &id.to_string(), sequence, event_type, payload).await;
    }
    let running = Running::start_beside(database, impatient).await;
    running.dispatches().await;
    occurs(&running, running.database.pool(), "TrialReleased", 1).await;
    running.order_at_rest(&running.place(shop.order("https://social.example/p/1")).await).await;
    occurs(&running, running.database.pool(), "ProviderResumed", 1).await;
    running.stop().await;
}

async fn append(
    pool: &PgPool,
    provider: &str,
    after: i64,
    event_type: &str,
    mut payload: serde_json::Value,
) {
    payload["type"] = json!(event_type);
    let sequence: i64 =
        sqlx::query_scalar("select max(sequence) + 1 from events where aggregate_id = $1")
            .bind(provider)
            .fetch_one(pool)
            .await
            .unwrap();
    assert!(sequence >= after, "{sequence}");
    let none: Vec<String> = vec![];
    sqlx::query("select append_events($1, $1, '{}', $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(none)
        .bind(vec!["provider"])
        .bind(vec![provider])
        .bind(vec![sequence])
        .bind(vec![event_type])
        .bind(vec!["1"])
        .bind(vec![payload.to_string()])
        .bind(vec!["{}"])
        .bind(vec![uuid::Uuid::now_v7()])
        .execute(pool)
        .await
        .unwrap();
}
