//! The journal as it grows: history first, then what comes, every position once.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::domain::provider::ProviderEvent;
use sqlx::PgPool;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use crate::{
    graphql_facts::provider,
    graphql_installation::Installation,
    projections_history::History,
    subscription_client::{Events, Socket},
};

const FROM: &str = "subscription ($after: Position) { eventAppended(after: $after) { position } }";

fn position(data: &Value) -> i64 {
    data["eventAppended"]["position"].as_str().unwrap().parse().unwrap()
}

/// Renames a provider so often, with names of such a length.
async fn rename(shop: &Installation, times: usize, length: usize) {
    let id = Uuid::now_v7();
    for chunk in 0..times.div_ceil(100) {
        let rename = |number| {
            let name = format!("{chunk} {number} {}", "x".repeat(length));
            ProviderEvent::ProviderRenamed { name }
        };
        shop.record("provider", id, &(0..100).map(rename).collect::<Vec<_>>()).await;
    }
}

async fn head(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select position from journal_head").fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_comes_first_then_what_happens_without_gap_or_repeat() {
    let shop = Installation::start().await;
    History::new(7, 400).append_all(shop.pool()).await;
    let (address, history) = (shop.listen().await, head(shop.pool()).await);
    let last = history + 2000;
    let mut readers = JoinSet::new();
    for reader in 0..12 {
        readers.spawn(async move {
            sleep(Duration::from_millis(reader * 30)).await;
            // Readers begin everywhere: at the start, within the history, in what has not happened yet.
            let after = reader as i64 * history / 8;
            let mut next = after + 1;
            if reader % 2 == 0 {
                let mut socket = Socket::open(address).await;
                socket.subscribe("1", FROM, json!({"after": after.to_string()})).await;
                while next <= last {
                    assert_eq!(position(&socket.data().await), next);
                    next += 1;
                }
                assert!(socket.is_quiet().await);
            } else {
                let from = json!({"after": after.to_string()});
                let mut events = Events::begin(address, FROM, from).await;
                while next <= last {
                    assert_eq!(position(&events.data().await), next);
                    next += 1;
                }
            }
        });
    }
    for _ in 0..20 {
        rename(&shop, 100, 10).await;
        sleep(Duration::from_millis(10)).await;
    }
    while let Some(read) = readers.join_next().await {
        read.unwrap();
    }
}

#[tokio::test]
async fn without_a_position_only_what_happens_from_now_on_comes() {
    let shop = Installation::start().await;
    let address = shop.listen().await;
    provider(&shop, "before", 1).await;
    let query =
        "subscription { eventAppended { position stream version type payload recordedAt } }";
    let mut events = Events::begin(address, query, json!({})).await;
    let id = provider(&shop, "after", 1).await;
    let event = events.data().await["eventAppended"].clone();
    assert_eq!((&event["position"], &event["version"]), (&json!("2"), &json!(1)));
    assert_eq!(event["stream"], format!("provider-{id}"));
    assert_eq!(event["payload"]["name"], "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_client_gets_everything_all_the_same() {
    let shop = Installation::start().await;
    let address = shop.listen().await;
    let mut slow = Socket::open(address).await;
    let all = "subscription { eventAppended { position payload } }";
    slow.subscribe("1", all, json!({})).await;
    let mut quick = Events::begin(address, FROM, json!({})).await;
    // Far more than all buffers on the way and the service's own hold.
    rename(&shop, 3000, 10_000).await;
    for expected in 1..=3000 {
        assert_eq!(position(&quick.data().await), expected);
    }
    for expected in 1..=3000 {
        assert_eq!(position(&slow.data().await), expected);
    }
}

#[tokio::test]
async fn subscription_outlives_the_databases_connections() {
    let shop = Installation::start().await;
    let mut socket = Socket::open(shop.listen().await).await;
    socket.subscribe("1", FROM, json!({"after": "0"})).await;
    provider(&shop, "one", 1).await;
    assert_eq!(position(&socket.data().await), 1);
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()";
    sqlx::query(kill).execute(shop.pool()).await.unwrap();
    provider(&shop, "two", 2).await;
    assert_eq!(position(&socket.data().await), 2);
}
