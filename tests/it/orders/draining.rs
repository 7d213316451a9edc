//! A stop that an operator asks for leaves nothing in doubt.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::json;
use signalbox::simulator::{Latency, PanelConfig};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::support::{
    api::{Api, PLACE, until},
    running::Running,
    shop::{Census, Shop},
};

const STOPS: u64 = 5;
const CUSTOMERS: usize = 32;

/// Orders without an end, until nobody answers any more; counts what was acknowledged.
async fn customer(api: &Api, shop: &Shop, customer: String, acknowledged: &AtomicUsize) {
    for number in 0.. {
        let link = format!("https://social.example/{customer}/{number}");
        match api.try_ask(PLACE, json!({"input": shop.order(&link)})).await {
            Ok(answer) if answer.get("errors").is_none() => {
                acknowledged.fetch_add(1, Ordering::Relaxed)
            }
            _ => return,
        };
        sleep(Duration::from_millis(fastrand::u64(0..200))).await;
    }
}

/// Attempts that a dead process left behind without an outcome.
async fn attempts_left_open(journal: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select count(*) from (
             select distinct on (aggregate_id) event_type
             from events
             where aggregate_type = 'order'
             order by aggregate_id, sequence desc
         ) as last
         where event_type in ('AttemptStarted', 'AttemptInDoubt')",
    )
    .fetch_one(journal)
    .await
    .unwrap()
}

#[tokio::test]
async fn stops_under_load_leave_nothing_in_doubt_and_nothing_behind() {
    let mut running = Running::start().await;
    let slow = || PanelConfig {
        latency: Latency { base_ms: 50, jitter_ms: 400 },
        ..PanelConfig::default()
    };
    let shop = Shop::open_with(&running, vec![slow(), slow()]).await;
    let acknowledged = AtomicUsize::new(0);
    for stop in 0..STOPS {
        let api = Api::clone(&running);
        let customers = (0..CUSTOMERS)
            .map(|number| customer(&api, &shop, format!("{stop}-{number}"), &acknowledged));
        let stopped = async {
            sleep(Duration::from_millis(200 + fastrand::u64(0..500))).await;
            running.stop().await
        };
        let (database, _) = tokio::join!(stopped, join_all(customers));
        assert_eq!(attempts_left_open(database.pool()).await, 0, "after stop {stop}");
        running = Running::start_on(database).await;
    }
    running.all_at_rest().await;
    let Census { placed, in_doubt, failed } = shop.census(running.database.pool()).await;
    assert_eq!((in_doubt, failed), (0, 0));
    // An answer may be lost with its connection, an order may not.
    assert!(placed >= acknowledged.load(Ordering::Relaxed), "{placed} < {acknowledged:?}");
    running.stop().await;
}

#[tokio::test]
async fn stop_awaits_calls_under_way_and_leaves_the_rest_queued_for_the_next_start() {
    let running =
        Running::start_with(|config| config.call_limits.add = Duration::from_secs(15)).await;
    let latency = Latency { base_ms: 6000, jitter_ms: 0 };
    let slow = PanelConfig { latency, ..PanelConfig::default() };
    let shop = Shop::open_with(&running, vec![slow]).await;
    let links = (0..80).map(|number| format!("https://social.example/p/{number}"));
    join_all(links.map(|link| running.place(shop.order(&link)))).await;
    until("all permits are taken", async || shop.asked() == [64]).await;
    let database = running.stop().await;
    assert_eq!(shop.asked(), [64], "nothing is sent once a stop was asked for");
    assert_eq!(shop.held(), [64]);
    assert_eq!(attempts_left_open(database.pool()).await, 0);
    shop.panels[0].set_latency(Latency::default());
    let running = Running::start_on(database).await;
    running.all_at_rest().await;
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 80, ..Census::default() });
    running.stop().await;
}
