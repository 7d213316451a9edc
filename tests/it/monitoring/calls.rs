//! Every call counts, and is in the log for some time.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use serde_json::{Value, json};
use signalbox::{
    process::{CallPace, DoubtPace},
    simulator::{Action, Fault, FaultRule, Panel},
};
use sqlx::PgPool;

use crate::support::{api::until, running::Running, shop::Shop};

/// Sums up five times a second, and writes the log as often.
async fn counting() -> Running {
    Running::start_with(|config| {
        let minute = Duration::from_millis(200);
        config.monitoring.calls = CallPace { minute, write: minute, ..CallPace::default() };
        config.doubt_pace = DoubtPace { look: Duration::from_secs(3600), ..DoubtPace::default() };
    })
    .await
}

type Counts = BTreeMap<String, i64>;

/// What the panel itself counted, by action.
fn counted_by(panel: &Panel) -> Counts {
    let requests = serde_json::to_value(&panel.state().requests).unwrap();
    serde_json::from_value(requests).unwrap()
}

/// What is on record of a provider's calls, by action.
async fn on_record(pool: &PgPool, provider: &str) -> Counts {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select sums ->> 'action', sum((sums ->> 'calls')::bigint)::bigint
         from events
         cross join jsonb_array_elements(payload -> 'actions') as sums
         where event_type = 'CallsSummed' and payload ->> 'provider_id' = $1
         group by 1",
    )
    .bind(provider)
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

/// The same as the read model has it, and the failures.
async fn summaries(running: &Running, provider: &str) -> (Counts, Counts) {
    let query = "query($id: ID!) { provider(id: $id) { callSummaries(hours: 2) {
        action calls failed failures { outcome count } meanMs p95Ms } } }";
    let found = running.data(query, json!({"id": provider})).await;
    let (mut calls, mut failures) = (Counts::new(), Counts::new());
    for hour in found["provider"]["callSummaries"].as_array().unwrap() {
        *calls.entry(hour["action"].as_str().unwrap().to_owned()).or_default() +=
            hour["calls"].as_i64().unwrap();
        assert!(hour["meanMs"].is_number() && hour["p95Ms"].is_number(), "{hour}");
        for failure in hour["failures"].as_array().unwrap() {
            *failures.entry(failure["outcome"].as_str().unwrap().to_owned()).or_default() +=
                failure["count"].as_i64().unwrap();
        }
    }
    (calls, failures)
}

async fn order(running: &Running, shop: &Shop, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let link = format!("https://social.example/p/{number}");
        running.order_at_rest(&running.place(shop.order(&link)).await).await;
    }
}

#[tokio::test]
async fn sums_on_record_are_the_panels_own_counts() {
    let running = counting().await;
    let shop = Shop::open(&running, 2).await;
    let no_funds = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, no_funds).times(4)]);
    order(&running, &shop, 0..10).await;
    shop.panels[0].set_faults(vec![
        FaultRule::on(Action::Add, Fault::Reset).times(1),
        FaultRule::on(Action::Balance, Fault::ServerError).times(1),
    ]);
    order(&running, &shop, 10..12).await;
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok } }";
    for _ in 0..3 {
        running.data(test, json!({"id": shop.providers[0]})).await;
    }
    for (panel, provider) in shop.panels.iter().zip(&shop.providers) {
        until("every minute is summed up", async || {
            summaries(&running, provider).await.0 == counted_by(panel)
        })
        .await;
    }
    let (calls, failures) = summaries(&running, &shop.providers[0]).await;
    assert_eq!((calls["add"], calls["balance"], calls["services"]), (12, 3, 1));
    let expected = [("BROKEN", 1), ("REFUSED", 4), ("UNREADABLE", 1)];
    assert_eq!(failures, expected.map(|(word, count)| (word.to_owned(), count)).into());
    running.stop().await;
}

#[tokio::test]
async fn minute_that_runs_is_on_record_when_the_program_stops() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    order(&running, &shop, 0..3).await;
    assert!(on_record(running.database.pool(), &shop.providers[0]).await.is_empty());
    let database = running.stop().await;
    for (panel, provider) in shop.panels.iter().zip(&shop.providers) {
        assert_eq!(on_record(database.pool(), provider).await, counted_by(panel));
    }
    let minutes: i64 = sqlx::query_scalar(
        "select count(*) from events where event_type = 'CallsSummed' and aggregate_type = 'calls'",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    assert_eq!(minutes, 2, "one for each provider");
}

const LOG: &str = "query($id: ID, $first: Int!, $after: String) {
    providerCalls(providerId: $id, first: $first, after: $after) {
        nodes { action outcome httpStatus durationMs reason startedAt provider { name } }
        pageInfo { hasNextPage endCursor } } }";

async fn log(running: &Running, provider: &str) -> Vec<Value> {
    let found = running.data(LOG, json!({"id": provider, "first": 100})).await;
    found["providerCalls"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn log_tells_how_each_call_went_without_keys_and_bodies() {
    let running = counting().await;
    let shop = Shop::open(&running, 1).await;
    let id = shop.providers[0].as_str();
    let no_funds = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![
        FaultRule::on(Action::Add, no_funds).times(1),
        FaultRule::on(Action::Add, Fault::Html(StatusCode::SERVICE_UNAVAILABLE)).times(1),
    ]);
    order(&running, &shop, 0..3).await;
    until("it is written", async || log(&running, id).await.len() == 4).await;
    let calls = log(&running, id).await;
    let line = |call: &Value| {
        let text = |field: &str| call[field].to_string().replace('"', "");
        format!("{} {} {} {}", text("action"), text("outcome"), text("httpStatus"), text("reason"))
    };
    let lines: Vec<String> = calls.iter().rev().map(line).collect();
    let expected = [
        "services ANSWERED 200 null",
        "add REFUSED 200 Not enough funds on balance",
        "add UNREADABLE 503 the answer is not JSON but an HTML page (HTTP 503)",
        "add ANSWERED 200 null",
    ];
    assert_eq!(lines, expected);
    assert_eq!(calls[0]["provider"]["name"], "panel 1");
    let shown = json!(calls).to_string();
    assert!(!shown.contains("key of panel") && !shown.contains("social.example"), "{shown}");

    let first = running.data(LOG, json!({"id": id, "first": 3})).await["providerCalls"].clone();
    assert_eq!(first["nodes"].as_array().unwrap()[..], calls[..3]);
    let after = &first["pageInfo"]["endCursor"];
    let rest =
        running.data(LOG, json!({"first": 3, "after": after})).await["providerCalls"].clone();
    assert_eq!(rest["nodes"].as_array().unwrap()[..], calls[3..]);
    assert_eq!(rest["pageInfo"]["hasNextPage"], false);
    running.stop().await;
}

#[tokio::test]
async fn log_is_kept_for_its_time() {
    let running = Running::start_with(|config| {
        let ms = Duration::from_millis;
        config.monitoring.calls =
            CallPace { keep: ms(1_500), write: ms(50), sweep: ms(100), ..config.monitoring.calls };
    })
    .await;
    let shop = Shop::open(&running, 1).await;
    let id = shop.providers[0].as_str();
    until("it is written", async || !log(&running, id).await.is_empty()).await;
    until("it is swept", async || log(&running, id).await.is_empty()).await;
    running.stop().await;
}
