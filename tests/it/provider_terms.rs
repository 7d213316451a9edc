//! How a provider is called is what its operator says, from the next call on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule, Latency, Panel, RecordedRequest, Sent};

use crate::support::{running::Running, shop::Shop};

const UPDATE: &str = "mutation($input: UpdateProviderInput!) { updateProvider(input: $input) {
    provider { description dialect { method body key } concurrentCalls requestsPerSecond
        orderTimeoutSeconds readTimeoutSeconds catalogueTimeoutSeconds } } }";
const TEST: &str = "mutation($id: ID!) { testProviderConnection(id: $id) { ok message } }";

async fn update(running: &Running, id: &str, mut change: Value) -> Value {
    change["id"] = json!(id);
    let updated = running.data(UPDATE, json!({"input": change})).await;
    updated["updateProvider"]["provider"].clone()
}

fn calls(panel: &Panel, action: Action) -> Vec<RecordedRequest> {
    panel.requests().into_iter().filter(|call| call.action == Some(action)).collect()
}

fn sent(method: &str, action_in: &'static str, key_in: &'static str) -> Sent {
    Sent { method: method.to_owned(), action_in, key_in }
}

/// Places so many orders at once; returns them once nobody is to be asked for any.
async fn ordered(running: &Running, shop: &Shop, orders: usize) -> Vec<Value> {
    let mut ids = vec![];
    for number in 0..orders {
        ids.push(running.place(shop.order(&format!("https://social.example/p/{number}"))).await);
    }
    let mut found = vec![];
    for id in ids {
        found.push(running.order_at_rest(&id).await);
    }
    found
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialect_is_spoken_from_the_next_call_on() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let (panel, provider) = (&shop.panels[0], shop.providers[0].as_str());
    for (number, (dialect, how)) in [
        (json!({}), sent("POST", "form", "form")),
        (json!({"method": "GET", "body": "QUERY"}), sent("GET", "query", "query")),
        (
            json!({"method": "GET", "body": "QUERY", "key": "X_API_KEY"}),
            sent("GET", "query", "x-api-key"),
        ),
        (json!({"body": "JSON"}), sent("POST", "json", "json")),
        (json!({"body": "JSON", "key": "BEARER"}), sent("POST", "json", "bearer")),
        (json!({"body": "QUERY", "key": "BEARER"}), sent("POST", "query", "bearer")),
        (json!({"key": "X_API_KEY"}), sent("POST", "form", "x-api-key")),
    ]
    .into_iter()
    .enumerate()
    {
        let shown =
            update(&running, provider, json!({"dialect": dialect})).await["dialect"].clone();
        for (part, default) in [("method", "POST"), ("body", "FORM"), ("key", "FIELD")] {
            assert_eq!(shown[part], dialect[part].as_str().unwrap_or(default), "{shown}");
        }
        let link = format!("https://social.example/a?b=c&n={number}");
        let order = running.order_at_rest(&running.place(shop.order(&link)).await).await;
        assert_eq!(order["status"], "PENDING", "{order}");
        assert_eq!(panel.orders().last().unwrap().link, link);
        let tested = running.data(TEST, json!({"id": provider})).await;
        assert_eq!(tested["testProviderConnection"]["ok"], true, "{tested}");
        for action in [Action::Add, Action::Balance] {
            assert_eq!(calls(panel, action).last().unwrap().sent, how, "{action:?}");
        }
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_for_those_that_are_on_their_way() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    update(&running, &shop.providers[0], json!({"concurrentCalls": 1})).await;
    shop.panels[0].set_latency(Latency { base_ms: 200, jitter_ms: 0 });
    let orders = ordered(&running, &shop, 4).await;
    assert!(orders.iter().all(|order| order["status"] == "PENDING"), "{orders:?}");
    let adds = calls(&shop.panels[0], Action::Add);
    let apart = adds.windows(2).map(|pair| (pair[1].at - pair[0].at).num_milliseconds());
    assert!(apart.clone().all(|ms| ms >= 190), "{:?}", apart.collect::<Vec<_>>());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_keep_the_rate_and_nothing_is_claimed_before_its_turn() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let provider = &shop.providers[0];
    let shown = update(&running, provider, json!({"requestsPerSecond": 5})).await;
    assert_eq!(shown["requestsPerSecond"], 5.0);
    let orders = ordered(&running, &shop, 6).await;
    running.data(TEST, json!({"id": provider})).await;
    let calls = shop.panels[0].requests();
    let calls: Vec<_> = calls.iter().rev().take(7).map(|call| call.at).collect();
    let apart = calls.windows(2).map(|pair| (pair[0] - pair[1]).num_milliseconds());
    assert!(apart.clone().all(|ms| ms >= 150), "{:?}", apart.collect::<Vec<_>>());
    assert!(calls[0] - calls[6] >= chrono::TimeDelta::milliseconds(1_150));
    for order in orders {
        assert_eq!(order["attempts"].as_array().unwrap().len(), 1, "{order}");
        let timeline = order["timeline"].as_array().unwrap();
        let started = timeline.iter().find(|event| event["type"] == "AttemptStarted").unwrap();
        let before_its_end = instant(&started["payload"]["send_before"])
            - instant(&started["payload"]["started_at"]);
        assert_eq!(before_its_end.num_seconds(), 30);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn order_is_waited_for_as_long_as_its_provider_is_given() {
    let running =
        Running::start_with(|config| config.call_limits.add = Duration::from_millis(300)).await;
    let shop = Shop::open(&running, 1).await;
    update(&running, &shop.providers[0], json!({"orderTimeoutSeconds": 20})).await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::SlowMs(1_000)).after()]);
    let order = ordered(&running, &shop, 1).await.remove(0);
    assert_eq!(order["status"], "PENDING", "{order}");
    let timeline = order["timeline"].as_array().unwrap();
    let started = timeline.iter().find(|event| event["type"] == "AttemptStarted").unwrap();
    let settles =
        instant(&started["payload"]["settle_after"]) - instant(&started["payload"]["send_before"]);
    assert_eq!(settles.num_seconds(), 20 + 60, "the time limit, and a time to settle");
    update(&running, &shop.providers[0], json!({"orderTimeoutSeconds": null})).await;
    let id = running.place(shop.order("https://social.example/p/late")).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_are_given_with_a_new_provider_and_go_back_by_null() {
    let running = Running::start().await;
    let add = "mutation($input: AddProviderInput!) { addProvider(input: $input) { provider { id
        description dialect { method body key } concurrentCalls requestsPerSecond orderTimeoutSeconds } } }";
    let input = json!({"name": "Peak", "apiUrl": "http://127.0.0.1:9/api/v2", "apiKey": "a key of it",
        "description": " asks for 2FA\n", "dialect": {"method": "GET", "body": "QUERY", "key": "BEARER"},
        "concurrentCalls": 3, "requestsPerSecond": 0.5, "orderTimeoutSeconds": 60});
    let added = running.data(add, json!({"input": input})).await["addProvider"]["provider"].clone();
    let id = added["id"].as_str().unwrap();
    assert_eq!(
        added,
        json!({"id": id, "description": "asks for 2FA",
            "dialect": {"method": "GET", "body": "QUERY", "key": "BEARER"}, "concurrentCalls": 3,
            "requestsPerSecond": 0.5, "orderTimeoutSeconds": 60})
    );
    let back = json!({"description": "", "concurrentCalls": null, "requestsPerSecond": null,
        "readTimeoutSeconds": 9});
    let shown = update(&running, id, back).await;
    assert_eq!(
        shown,
        json!({"description": null, "dialect": {"method": "GET", "body": "QUERY", "key": "BEARER"},
            "concurrentCalls": 64, "requestsPerSecond": null, "orderTimeoutSeconds": 60,
            "readTimeoutSeconds": 9, "catalogueTimeoutSeconds": null})
    );
    for (change, field) in [
        (json!({"dialect": {"method": "GET"}}), "dialect"),
        (json!({"concurrentCalls": 0}), "concurrentCalls"),
        (json!({"requestsPerSecond": 0}), "requestsPerSecond"),
        (json!({"requestsPerSecond": -1e300}), "requestsPerSecond"),
        (json!({"orderTimeoutSeconds": 14}), "orderTimeoutSeconds"),
        (json!({"readTimeoutSeconds": 301}), "readTimeoutSeconds"),
        (json!({"catalogueTimeoutSeconds": 0}), "catalogueTimeoutSeconds"),
        (json!({"description": "x".repeat(2001)}), "description"),
    ] {
        let mut input = change;
        input["id"] = json!(id);
        let error = running.refusal(UPDATE, json!({"input": input})).await;
        assert_eq!(
            error["extensions"],
            json!({"code": "INVALID_INPUT", "field": field}),
            "{error}"
        );
    }
    running.stop().await;
}
