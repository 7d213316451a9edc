use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rust_decimal::dec;

use super::fake_panel::{FakePanel, KEY, Script, client, endpoint, order, response};
use crate::{domain::Balance, provider_api::AddAnswer};

async fn balance_failure(panel: &FakePanel) -> String {
    client().balance(&panel.endpoint()).await.expect_err("a failure").reason
}

async fn services_failure(panel: &FakePanel) -> String {
    client().services(&panel.endpoint()).await.expect_err("a failure").reason
}

#[tokio::test]
async fn balance_is_read_with_its_duration() {
    let panel = FakePanel::answering(200, r#"{"balance":"100.84292","currency":"USD"}"#).await;
    let balance = client().balance(&panel.endpoint()).await.expect("a balance");
    assert_eq!(
        balance.value,
        Balance { amount: dec!(100.84292), currency: Some("USD".to_owned()) }
    );
    assert!(panel.requests()[0].ends_with("\r\n\r\nkey=c0ffee%2F00c0ffee&action=balance"));
}

#[tokio::test]
async fn balance_failure_says_what_came_instead() {
    let panel = FakePanel::answering(401, r#"{"error":"Invalid API key"}"#).await;
    assert_eq!(balance_failure(&panel).await, "the provider refused the key: Invalid API key");
    let panel = FakePanel::answering(503, "<html>Attention</html>").await;
    assert_eq!(
        balance_failure(&panel).await,
        "the answer is not JSON but an HTML page (HTTP 503) that begins: <html>Attention</html>"
    );
    let panel = FakePanel::start(Script::Silence).await;
    assert_eq!(balance_failure(&panel).await, "no whole answer within 0.5 s");
    let panel = FakePanel::answering(200, vec![b'['; 300 * 1024]).await;
    assert_eq!(balance_failure(&panel).await, "the answer is larger than 256 KiB");
    let failure = client().balance(&endpoint("http://127.0.0.1:1/")).await.expect_err("a failure");
    assert_eq!(failure.reason, "connection refused");
}

#[tokio::test]
async fn every_call_hears_for_how_long_the_provider_asks_to_be_left_alone() {
    let panel = FakePanel::unavailable_for(30).await;
    let (client, endpoint, ids) = (client(), panel.endpoint(), ["1".to_owned()]);
    let asked = Some(TimeDelta::seconds(30));
    assert_eq!(client.balance(&endpoint).await.expect_err("a failure").retry_after, asked);
    assert_eq!(client.services(&endpoint).await.expect_err("a failure").retry_after, asked);
    assert_eq!(client.orders(&endpoint).await.expect_err("a failure").retry_after, asked);
    assert_eq!(client.statuses(&endpoint, &ids).await.expect_err("a failure").retry_after, asked);
    let reply = client.add(&endpoint, &order()).await;
    assert_eq!(reply.retry_after_seconds, Some(30));
    assert!(matches!(reply.answer, AddAnswer::InDoubt { .. }), "{reply:?}");
}

#[tokio::test]
async fn key_echoed_in_a_failure_never_leaves() {
    let panel = FakePanel::answering(200, format!("{{\"error\":\"No user of {KEY}\"}}")).await;
    assert_eq!(
        balance_failure(&panel).await,
        "the provider answered an error (HTTP 200): No user of [key]"
    );
}

#[tokio::test]
async fn key_echoed_in_a_catalogue_never_leaves() {
    let body = format!(
        r#"[{{"service":1,"name":"For {KEY}","type":"{KEY}","category":"{KEY}","rate":1,"max":9}},
            {{"service":2,"rate":"{KEY}","max":9}}]"#
    );
    let panel = FakePanel::answering(200, body).await;
    let catalogue = client().services(&panel.endpoint()).await.expect("a catalogue");
    assert!(!format!("{catalogue:?}").contains("00c0ffee"), "{catalogue:?}");
    assert_eq!(catalogue.value.rows[0].name, "For [key]");
}

#[tokio::test]
async fn list_broken_off_is_a_failure_not_a_shorter_list() {
    let whole = response(200, br#"[{"service":1,"rate":1,"max":9}]  "#);
    let panel = FakePanel::start(Script::Reset(whole[..whole.len() - 1].to_vec())).await;
    let reason = services_failure(&panel).await;
    assert!(reason.starts_with("the connection broke before the answer was complete"), "{reason}");
}

#[tokio::test]
async fn catalogue_of_ten_thousand_services_is_read_at_once() {
    let rows: Vec<String> = (1..=10_000)
        .map(|id| {
            format!(
                r#"{{"service":{id},"name":"Followers 🚀 | Speed {id}/day | Refill 30 days","type":"Default",
                    "category":"Instagram | Followers","rate":"0.{id:05}","min":"10","max":"100000",
                    "refill":true,"cancel":false,"dripfeed":1,"desc":"{}"}}"#,
                "Lorem ipsum. ".repeat(20)
            )
        })
        .collect();
    let panel = FakePanel::answering(200, format!("[{}]", rows.join(","))).await;
    let started = Instant::now();
    let catalogue = client().services(&panel.endpoint()).await.expect("a catalogue");
    assert_eq!((catalogue.value.rows.len(), catalogue.value.errors.len()), (10_000, 0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(panel.requests()[0].ends_with("\r\n\r\nkey=c0ffee%2F00c0ffee&action=services"));
}
