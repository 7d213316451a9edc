//! Every call is told of, however it ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::timeout;

use super::fake_panel::{FakePanel, KEY, Script, client, endpoint, order, response};
use crate::{
    domain::{
        calls::{
            CallFailureKind::{
                self, Abandoned, Broken, Refused, TimedOut, Unreachable, Unreadable,
            },
            MetText,
        },
        refusal::{ErrorText, TextClass},
    },
    provider_api::{CallRecord, CallWatch, PanelClient},
};

#[derive(Debug, Default)]
struct Told(Mutex<Vec<CallRecord>>);

impl CallWatch for Told {
    fn ended(&self, call: CallRecord) {
        self.0.lock().expect("no panic while locked").push(call);
    }
}

impl Told {
    fn client(self: &Arc<Self>) -> PanelClient {
        client().watched_by(self.clone())
    }

    fn calls(&self) -> Vec<CallRecord> {
        self.0.lock().expect("no panic while locked").clone()
    }

    /// Action, status and kind of failure of each.
    fn lines(&self) -> Vec<(&'static str, Option<u16>, Option<CallFailureKind>)> {
        let line = |call: CallRecord| (call.action, call.http_status, call.failure.map(|f| f.kind));
        self.calls().into_iter().map(line).collect()
    }
}

#[tokio::test]
async fn call_is_told_of_with_status_and_kind_of_failure() {
    let told = Arc::new(Told::default());
    let client = told.client();
    let answering = async |status, body: &'static str| FakePanel::answering(status, body).await;
    let placed = answering(200, r#"{"order":7}"#).await;
    let _ = client.add(&placed.endpoint(), &order()).await;
    let refusing = answering(402, r#"{"error":"Not enough funds on balance"}"#).await;
    let _ = client.add(&refusing.endpoint(), &order()).await;
    let _ = client.balance(&refusing.endpoint()).await;
    let page = answering(503, "<html>the link was https://a.example/p</html>").await;
    let _ = client.add(&page.endpoint(), &order()).await;
    let _ = client.services(&page.endpoint()).await;
    let silent = FakePanel::start(Script::Silence).await;
    let _ = client.orders(&silent.endpoint()).await;
    let broken =
        FakePanel::start(Script::Reset(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into()));
    let _ = client.balance(&broken.await.endpoint()).await;
    let _ = client.add(&endpoint("http://127.0.0.1:1/"), &order()).await;
    let expected = [
        ("add", Some(200), None),
        ("add", Some(402), Some(Refused)),
        ("balance", Some(402), Some(Refused)),
        ("add", Some(503), Some(Unreadable)),
        ("services", Some(503), Some(Unreadable)),
        ("orders", None, Some(TimedOut)),
        ("balance", Some(200), Some(Broken)),
        ("add", None, Some(Unreachable)),
    ];
    assert_eq!(told.lines(), expected);
    let shown = format!("{:?}", told.calls());
    assert!(!shown.contains("a.example") && !shown.contains("c0ffee"), "{shown}");
    assert!(shown.contains("Not enough funds on balance"), "{shown}");
}

#[tokio::test]
async fn error_that_a_call_was_answered_with_is_told_of_as_texts_are_kept_but_for_orders() {
    let told = Arc::new(Told::default());
    let client = told.client();
    let panel =
        FakePanel::answering(402, format!(r#"{{"error":"Key {KEY} has no 7 USD."}}"#)).await;
    let _ = client.balance(&panel.endpoint()).await;
    let _ = client.add(&panel.endpoint(), &order()).await;
    let page = FakePanel::answering(503, "<html>").await;
    let _ = client.balance(&page.endpoint()).await;
    let text = |call: &CallRecord| call.failure.clone().and_then(|failure| failure.text);
    let met = MetText { text: ErrorText::of("key [key] has no # usd"), class: TextClass::Doubt };
    assert_eq!(told.calls().iter().map(text).collect::<Vec<_>>(), [Some(met), None, None]);
}

#[tokio::test]
async fn each_of_the_calls_that_ask_one_by_one_is_told_of() {
    let no_lists = response(200, br#"{"error":"Incorrect order ID"}"#);
    let one = response(200, br#"{"status":"Pending","remains":"1"}"#);
    let panel = FakePanel::start(Script::ByForm(no_lists, one)).await;
    let told = Arc::new(Told::default());
    let ids = ["1".to_owned(), "2".to_owned()];
    told.client().statuses(&panel.endpoint(), &ids).await.expect("answers");
    let status = |failure| ("status", Some(200), failure);
    assert_eq!(told.lines(), [status(Some(Refused)), status(None), status(None)]);
    assert_eq!(panel.requests().len(), 3);
}

#[tokio::test]
async fn call_that_nobody_waits_for_is_told_of_as_abandoned() {
    let panel = FakePanel::start(Script::Silence).await;
    let told = Arc::new(Told::default());
    let (client, endpoint, order) = (told.client(), panel.endpoint(), order());
    let calling = client.add(&endpoint, &order);
    assert!(timeout(Duration::from_millis(100), calling).await.is_err());
    assert_eq!(told.lines(), [("add", None, Some(Abandoned))]);
    let call = &told.calls()[0];
    assert!(call.duration_ms >= 90, "{call:?}");
}

#[tokio::test]
async fn key_that_a_provider_echoes_is_not_told() {
    let echo = format!(r#"{{"error":"Bad key {KEY}"}}"#);
    let panel = FakePanel::answering(200, echo).await;
    let told = Arc::new(Told::default());
    let _ = told.client().balance(&panel.endpoint()).await;
    let failure = told.calls()[0].failure.clone().expect("a failure");
    assert!(failure.reason.ends_with("Bad key [key]"), "{failure:?}");
}
