//! A provider's key stays out of everything that can be read, also where the provider echoes it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{
    running::Running,
    scripted::{Call, ScriptedPanel},
};

const KEY: &str = "s3cr3t/Key+of=the panel";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn echo(call: &Call) -> String {
    let key = &call["key"];
    let number = call.get("link").and_then(|link| link.rsplit('/').next());
    match number {
        Some("0") => json!({"error": format!("Unknown key {key}")}).to_string(),
        Some("1") => json!({"order": key}).to_string(),
        Some("2") => format!("<html>denied: {key}</html>"),
        Some("3") => json!({"id": 5, "error": {"request": {"key": key}}}).to_string(),
        Some("4") => json!({"status": "error", "msg": key}).to_string(),
        _ => json!({"error": format!("the key {key} is unknown")}).to_string(),
    }
}

/// The key as it is, and as an address or a form writes it.
fn forms() -> Vec<String> {
    let form = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect::<String>();
    vec![KEY.to_owned(), form, KEY.replace('/', "\\/")]
}

#[track_caller]
fn assert_free_of_the_key(what: &str, text: &str) {
    for form in forms() {
        assert!(!text.contains(&form), "{what} shows the key: {text}");
    }
}

#[tokio::test]
async fn echoed_key_appears_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    // Everything of this test runs on this thread.
    let _logging = tracing::subscriber::set_default(subscriber);
    let running = Running::start().await;
    let panel = ScriptedPanel::start(|call: Call| async move { echo(&call) }).await;
    let provider = running.add_provider("echo", &panel.url(), KEY, 1).await;
    running.sync(&provider).await;
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { ok message } }";
    let tested = running.data(test, json!({"id": provider})).await;
    assert_eq!(tested["testProviderConnection"]["ok"], false);
    assert_free_of_the_key("the connection test", &tested.to_string());
    let service = running.data("{ services { nodes { id } } }", json!({})).await;
    let service = &service["services"]["nodes"][0]["id"];
    for number in 0..5 {
        let link = format!("https://social.example/p/{number}");
        let id = running.place(json!({"serviceId": service, "link": link, "quantity": 10})).await;
        let order = running.order_at_rest(&id).await;
        assert_eq!(order["status"], "IN_DOUBT", "{order}");
        assert_free_of_the_key("an order", &order.to_string());
    }
    let journal: Vec<(Value, Value)> = sqlx::query_as("select payload, metadata from events")
        .fetch_all(running.database.pool())
        .await
        .unwrap();
    assert_free_of_the_key("the journal", &format!("{journal:?}"));
    running.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("dispatches orders"), "nothing was logged: {log}");
    assert_free_of_the_key("the log", &log);
}
