//! The connection test says in words what came of it, and history keeps it.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};
use signalbox::simulator::{Fault, FaultRule};

use crate::support::{
    catalogue::{Answering, add, panel, provider_input},
    running::Running,
};

const TEST: &str = "mutation($id: ID!) { testProviderConnection(id: $id) {
    ok message responseMs balance currency } }";

/// Tests the connection to whatever is at this address.
async fn test(running: &Running, url: &str, key: &str) -> Value {
    let mut input = provider_input(url);
    input["apiUrl"] = json!(url);
    input["apiKey"] = json!(key);
    let provider = add(running, input).await;
    test_again(running, &provider["id"]).await
}

async fn test_again(running: &Running, id: &Value) -> Value {
    running.data(TEST, json!({"id": id})).await["testProviderConnection"].clone()
}

/// The payload of the latest connection test, and its type.
async fn recorded(running: &Running) -> (String, Value) {
    sqlx::query_as(
        "select event_type, payload from events
         where event_type in ('ConnectionTestSucceeded', 'ConnectionTestFailed')
         order by position desc limit 1",
    )
    .fetch_one(running.database.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn good_connection_tells_balance_and_latency_and_both_are_recorded() {
    let running = Running::start().await;
    let panel = panel(vec![]).await;
    panel.set_balance("1234.5678".parse().unwrap());
    let id = json!(running.add_panel("Peak", &panel, 1).await);
    let tested = test_again(&running, &id).await;
    assert_eq!(tested["ok"], true, "{tested}");
    assert_eq!((&tested["balance"], &tested["currency"]), (&json!("1234.5678"), &json!("USD")));
    let ms = tested["responseMs"].as_f64().unwrap();
    let message = format!("answered in {ms} ms, balance 1234.5678 USD");
    assert_eq!(tested["message"], message);
    let (event, payload) = recorded(&running).await;
    assert_eq!(event, "ConnectionTestSucceeded");
    assert_eq!((&payload["balance"], &payload["currency"]), (&json!("1234.5678"), &json!("USD")));
    let shown = "query($id: ID!) { provider(id: $id) { balance currency } }";
    let shown = running.data(shown, json!({"id": id})).await;
    assert_eq!(shown["provider"], json!({"balance": "1234.5678", "currency": "USD"}));
    running.stop().await;
}

#[tokio::test]
async fn each_failure_has_its_words_and_is_recorded() {
    let running = Running::start().await;
    let page = "<html><title>Just a moment...</title></html>".to_owned();
    let html = Answering::start(403, &[], page.clone()).await;
    let fine_html = Answering::start(200, &[], page).await;
    let to = &[("location", "https://panel.example/new/api/v2")];
    let redirect = Answering::start(301, to, String::new()).await;
    let empty = Answering::start(200, &[], String::new()).await;
    let error = Answering::start(500, &[], r#"{"error":"Database is away"}"#.to_owned()).await;
    let rubbish = Answering::start(200, &[], r#"{"balance":"plenty"}"#.to_owned()).await;
    let other = Answering::start(200, &[], r#"[1,2,3]"#.to_owned()).await;
    let cases = [
        (&html, vec!["not JSON", "HTML page", "403", "Just a moment..."]),
        (&fine_html, vec!["not JSON", "HTML page", "200"]),
        (&redirect, vec!["redirects to https://panel.example/new/api/v2", "301"]),
        (&empty, vec!["empty", "200"]),
        (&error, vec!["Database is away", "500"]),
        (&rubbish, vec!["`plenty` is no decimal"]),
        (&other, vec!["no balance", "200"]),
    ];
    for (answering, words) in cases {
        let tested = test(&running, &answering.url, "0123456789abcdef").await;
        assert_eq!((&tested["ok"], &tested["balance"]), (&json!(false), &Value::Null), "{tested}");
        assert!(tested["responseMs"].is_f64(), "{tested}");
        let message = tested["message"].as_str().unwrap();
        for word in words {
            assert!(message.contains(word), "no `{word}` in: {message}");
        }
        let (event, payload) = recorded(&running).await;
        assert_eq!((event.as_str(), &payload["reason"]), ("ConnectionTestFailed", &json!(message)));
    }
    running.stop().await;
}

#[tokio::test]
async fn wrong_key_and_closed_port_are_told_apart() {
    let running = Running::start().await;
    let panel = panel(vec![]).await;
    let wrong = test(&running, &panel.url(), "not-the-panels-key").await;
    assert_eq!(wrong["message"], "the provider refused the key: Invalid API key", "{wrong}");
    let url = panel.url();
    panel.stop().await;
    let closed = test(&running, &url.replace("/api/v2", "/api/v1"), "key").await;
    assert_eq!(closed["message"], "connection refused");
    running.stop().await;
}

#[tokio::test]
async fn silent_and_breaking_providers_are_given_up_in_time() {
    let running =
        Running::start_with(|config| config.call_limits.balance = Duration::from_secs(1)).await;
    let panel = panel(vec![]).await;
    let id = json!(running.add_panel("Peak", &panel, 1).await);
    panel.set_faults(vec![FaultRule::everywhere(Fault::Silent)]);
    let begun = Instant::now();
    let silent = test_again(&running, &id).await;
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(silent["message"], "no whole answer within 1 s");
    assert!(silent["responseMs"].as_f64().unwrap() >= 1000.0, "{silent}");
    panel.set_faults(vec![FaultRule::everywhere(Fault::Reset)]);
    let reset = test_again(&running, &id).await;
    let message = reset["message"].as_str().unwrap();
    assert!(message.starts_with("the connection broke before the answer"), "{message}");
    panel.set_faults(vec![FaultRule::everywhere(Fault::Truncated)]);
    let truncated = test_again(&running, &id).await;
    assert!(truncated["message"].as_str().unwrap().contains("not JSON"), "{truncated}");
    panel.set_faults(vec![FaultRule::everywhere(Fault::Html(StatusCode::SERVICE_UNAVAILABLE))]);
    let html = test_again(&running, &id).await;
    assert!(html["message"].as_str().unwrap().contains("503"), "{html}");
    panel.clear_faults();
    assert_eq!(test_again(&running, &id).await["ok"], true);
    running.stop().await;
}

#[tokio::test]
async fn failed_test_leaves_the_last_known_balance() {
    let running = Running::start().await;
    let panel = panel(vec![]).await;
    let id = json!(running.add_panel("Peak", &panel, 1).await);
    test_again(&running, &id).await;
    panel.set_faults(vec![FaultRule::everywhere(Fault::ServerError)]);
    assert_eq!(test_again(&running, &id).await["ok"], false);
    let shown = "query($id: ID!) { provider(id: $id) { balance } }";
    let shown = running.data(shown, json!({"id": id})).await;
    assert_eq!(shown["provider"]["balance"], "10000");
    running.stop().await;
}
