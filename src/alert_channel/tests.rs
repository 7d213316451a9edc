//! Channels against real sockets on loopback.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};
use uuid::Uuid;

use super::*;

/// A request as a receiver sees it.
struct Received {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers every request alike; returns its address and what it receives.
async fn receiver(
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
) -> (url::Url, mpsc::UnboundedReceiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = address(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let (seen, received) = mpsc::unbounded_channel();
    let router = Router::new().fallback(async move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let _ = seen.send(Received { path: uri.path().to_owned(), headers, body });
        answer()
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

fn message(state: AlertState) -> AlertMessage {
    AlertMessage {
        id: Uuid::from_u128(7),
        position: 42,
        kind: "LOW_BALANCE".to_owned(),
        state,
        message: "3 USD are left".to_owned(),
        provider: Some("Peak".to_owned()),
        service: None,
        order: Some(12),
        at: DateTime::from_timestamp(1_793_016_000, 0).unwrap(),
    }
}

fn secret() -> SecretString {
    "whsec_1".to_owned().into()
}

fn telegram(base: url::Url) -> AlertChannel {
    let token = "123:s3cret-token".to_owned().into();
    AlertChannel::to_telegram(Telegram { base, token, chat: "-100".to_owned() }).unwrap()
}

#[tokio::test]
async fn webhook_receives_json_that_it_can_verify() {
    let (url, mut received) = receiver(|| StatusCode::NO_CONTENT.into_response()).await;
    let webhook = Webhook { url: url.join("hook?a=1").unwrap(), secret: secret() };
    let channel = AlertChannel::to_webhook(webhook).unwrap();
    channel.send(&message(AlertState::Raised)).await.unwrap();
    let request = received.recv().await.unwrap();
    assert_eq!(request.path, "/hook");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["signalbox-delivery"], Uuid::from_u128(7).to_string());
    let signature = request.headers["signalbox-signature"].to_str().unwrap();
    let (time, hex) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(hex, signature_of(&secret(), time.parse().unwrap(), &request.body));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({
        "id": Uuid::from_u128(7), "position": "42", "kind": "LOW_BALANCE", "state": "RAISED",
        "message": "3 USD are left", "provider": "Peak", "service": null, "order": 12,
        "at": "2026-10-26T12:00:00.000Z",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn refusing_receiver_is_obeyed_in_how_long_it_wants_to_be_left_alone() {
    let (url, _received) =
        receiver(|| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "17")]).into_response()).await;
    let channel = AlertChannel::to_webhook(Webhook { url, secret: secret() }).unwrap();
    let refused = channel.send(&message(AlertState::Raised)).await.unwrap_err();
    let retry_after = Some(Duration::from_secs(17));
    assert_eq!(refused, NotDelivered { reason: "answered HTTP 429".to_owned(), retry_after });
    let moved =
        || (StatusCode::FOUND, [("location", "https://elsewhere.example/")]).into_response();
    let (url, _received) = receiver(moved).await;
    let channel = AlertChannel::to_webhook(Webhook { url, secret: secret() }).unwrap();
    let refused = channel.send(&message(AlertState::Raised)).await.unwrap_err();
    assert_eq!(refused.to_string(), "answered HTTP 302");
}

#[tokio::test]
async fn telegram_receives_a_text_for_people() {
    let (base, mut received) = receiver(|| r#"{"ok":true,"result":{}}"#.into_response()).await;
    let channel = telegram(base);
    channel.send(&message(AlertState::Raised)).await.unwrap();
    channel.send(&message(AlertState::Ended)).await.unwrap();
    let request = received.recv().await.unwrap();
    assert_eq!(request.path, "/bot123:s3cret-token/sendMessage");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["chat_id"], "-100");
    let text = "low balance (Peak, order 12): 3 USD are left\n2026-10-26 12:00:00 UTC, #42";
    assert_eq!(body["text"], text);
    let request = received.recv().await.unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert!(
        body["text"].as_str().unwrap().starts_with("over: low balance (Peak, order 12). It was: ")
    );
}

#[tokio::test]
async fn telegrams_refusal_is_told_without_the_token_and_its_wait_is_obeyed() {
    let busy = json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 5},
        "description": "Too Many Requests for 123:s3cret-token"});
    let answer = move || (StatusCode::TOO_MANY_REQUESTS, busy.to_string()).into_response();
    let (base, _received) = receiver(answer).await;
    let refused = telegram(base).send(&message(AlertState::Raised)).await.unwrap_err();
    assert_eq!(refused.to_string(), "answered HTTP 429: Too Many Requests for [token]");
    assert_eq!(refused.retry_after, Some(Duration::from_secs(5)));
    let nobody = telegram(address("http://127.0.0.1:1/").unwrap());
    let refused = nobody.send(&message(AlertState::Raised)).await.unwrap_err();
    assert!(refused.reason.starts_with("no connection: "), "{refused}");
    assert!(!format!("{refused:?} {nobody:?}").contains("s3cret"), "{refused:?}");
}

#[test]
fn address_must_be_of_the_web() {
    for text in ["", "panel.example", "ftp://a.example/", "/hook"] {
        assert_eq!(address(text), Err(InvalidAddress), "{text}");
    }
    assert!(address(" https://ops.example/hook ").is_ok());
}
