//! What the dispatcher promises about its calls and its commits.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::json;
use signalbox::simulator::{Action, Latency, Panel, PanelConfig};
use sqlx::PgPool;

use super::failover::refuse;
use crate::support::{
    api::until,
    running::Running,
    scripted::{Call, ScriptedPanel},
    shop::{Census, Shop},
};

const CALLS_PER_PROVIDER: usize = 64;

/// How many calls had arrived within the time that every call takes at the least, when that was most.
fn most_at_once(panel: &Panel, call: TimeDelta) -> usize {
    let requests = panel.requests().into_iter();
    let adds = requests.filter(|request| request.action == Some(Action::Add));
    let times: Vec<DateTime<Utc>> = adds.map(|request| request.at).collect();
    let within = |at: &DateTime<Utc>| {
        times.iter().filter(|other| **other <= *at && *at - **other < call).count()
    };
    times.iter().map(within).max().unwrap_or_default()
}

async fn place_many(running: &Running, shop: &Shop, count: usize) {
    let links = (0..count).map(|number| format!("https://social.example/p/{number}"));
    join_all(links.map(|link| running.place(shop.order(&link)))).await;
    running.all_at_rest().await;
}

/// Most commits of one order, beyond its attempts.
async fn most_commits_beyond_attempts(journal: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select max(beyond) from (
             select count(distinct xmin::text) - count(*) filter (where event_type = 'AttemptStarted') as beyond
             from events
             where aggregate_type = 'order'
             group by aggregate_id
         ) as orders",
    )
    .fetch_one(journal)
    .await
    .unwrap()
}

#[tokio::test]
async fn provider_never_has_more_than_64_calls_under_way() {
    let running =
        Running::start_with(|config| config.call_limits.add = Duration::from_secs(15)).await;
    // Long enough for a loaded machine to place more orders than there are permits.
    let latency = Latency { base_ms: 4000, jitter_ms: 0 };
    let slow = PanelConfig { latency, ..PanelConfig::default() };
    let shop = Shop::open_with(&running, vec![slow, PanelConfig::default()]).await;
    let orders = CALLS_PER_PROVIDER * 5 / 2;
    place_many(&running, &shop, orders).await;
    assert_eq!(most_at_once(&shop.panels[0], TimeDelta::milliseconds(4000)), CALLS_PER_PROVIDER);
    assert_eq!(shop.held(), [orders, 0], "who waits for a permit does not go elsewhere");
    assert!(most_commits_beyond_attempts(running.database.pool()).await <= 2);
    running.stop().await;
}

#[tokio::test]
async fn order_takes_at_most_two_commits_more_than_it_has_attempts() {
    let running = Running::start().await;
    let slow = || PanelConfig {
        latency: Latency { base_ms: 20, jitter_ms: 80 },
        ..PanelConfig::default()
    };
    let shop = Shop::open_with(&running, vec![slow(), slow(), slow()]).await;
    for panel in &shop.panels[..2] {
        panel.set_faults(vec![refuse("Too many requests").share(0.7)]);
    }
    place_many(&running, &shop, 200).await;
    assert!(most_commits_beyond_attempts(running.database.pool()).await <= 2);
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 200, ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn order_and_attempt_and_then_outcome_and_next_attempt_are_one_append() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 3).await;
    for panel in &shop.panels[..2] {
        panel.set_faults(vec![refuse("Ordering is disabled")]);
    }
    let id = running.place(shop.order("https://social.example/p/1")).await;
    running.order_at_rest(&id).await;
    let appends: Vec<(Vec<String>, bool)> = sqlx::query_as(
        "select array_agg(event_type order by position), max(position) - min(position) + 1 = count(*)
         from events
         where aggregate_type = 'order' and aggregate_id = $1
         group by xmin::text
         order by min(position)",
    )
    .bind(&id)
    .fetch_all(running.database.pool())
    .await
    .unwrap();
    let append = |types: &[&str]| (types.iter().map(|&name| name.to_owned()).collect(), true);
    let on = append(&["AttemptRefused", "FailedOver", "AttemptStarted"]);
    let (placed, taken) = (append(&["OrderPlaced", "AttemptStarted"]), append(&["AttemptPlaced"]));
    assert_eq!(appends, [placed, on.clone(), on, taken]);
    running.stop().await;
}

/// Whether an attempt for this link is on disk, as another session of the database sees it.
async fn is_started(journal: PgPool, link: String) -> bool {
    sqlx::query_scalar(
        "select exists (
             select
             from events placed
             join events started using (aggregate_type, aggregate_id)
             where placed.event_type = 'OrderPlaced'
               and placed.payload ->> 'link' = $1
               and started.event_type = 'AttemptStarted'
         )",
    )
    .bind(link)
    .fetch_one(&journal)
    .await
    .unwrap()
}

#[tokio::test]
async fn attempt_is_durable_before_the_panel_hears_of_it() {
    let running = Running::start().await;
    let journal = running.database.pool().clone();
    let panel = ScriptedPanel::start(move |call: Call| {
        let journal = journal.clone();
        async move {
            let (link, number) = (call["link"].clone(), call["quantity"].clone());
            match is_started(journal, link).await {
                true => json!({"order": number}).to_string(),
                false => json!({"error": "asked before the attempt was on record"}).to_string(),
            }
        }
    })
    .await;
    let provider = running.add_provider("watcher", &panel.url(), "key", 1).await;
    running.sync(&provider).await;
    let service = running.data("{ services { nodes { id } } }", json!({})).await;
    let service = &service["services"]["nodes"][0]["id"];
    let place = |number: usize| {
        let link = format!("https://social.example/p/{number}");
        running.place(json!({"serviceId": service, "link": link, "quantity": 100 + number}))
    };
    let ids = join_all((0..100).map(place)).await;
    for id in ids {
        let order = running.order_at_rest(&id).await;
        assert_eq!(order["status"], "PENDING", "{order}");
    }
    tokio::time::timeout(Duration::from_secs(10), running.stop()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_once_the_time_to_send_it_has_passed() {
    // A connection could take all the time that a claim leaves.
    let running =
        Running::start_with(|config| config.call_limits.connect = Duration::from_secs(30)).await;
    let shop = Shop::open(&running, 1).await;
    running.place(shop.order("https://social.example/p/1")).await;
    let released = "select exists (select from events where event_type = 'AttemptNotSent')";
    until("the claim has been released", async || {
        sqlx::query_scalar(released).fetch_one(running.database.pool()).await.unwrap()
    })
    .await;
    assert_eq!(shop.asked(), [0]);
    let running = Running::start_on(running.stop().await).await;
    running.all_at_rest().await;
    let census = shop.census(running.database.pool()).await;
    assert_eq!((census, shop.asked()), (Census { placed: 1, ..Census::default() }, vec![1]));
    running.stop().await;
}
