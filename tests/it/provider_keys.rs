//! A provider's key is nowhere in clear: not in the database, nor in an answer.

use serde_json::{Value, json};
use signalbox::app::FirstProvider;

use crate::support::{
    api::until,
    catalogue::{
        Answering, add, add_refused, count_events, panel, plain_rows, provider_input, sync,
    },
    database::TestDatabase,
    running::Running,
};

const KEY: &str = "sEcr3t-kEy/of=the provider&0815";
const TEST: &str = "mutation($id: ID!) { testProviderConnection(id: $id) { ok message } }";

/// Every row of every table in the database, as text.
async fn dump(database: &TestDatabase) -> String {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select schemaname::text, tablename::text from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(database.pool())
    .await
    .unwrap();
    assert!(tables.len() > 12, "{tables:?}");
    let mut dump = String::new();
    for (schema, table) in tables {
        let rows = format!(r#"select row::text from "{schema}"."{table}" as row"#);
        let rows: Vec<String> = sqlx::query_scalar(&rows).fetch_all(database.pool()).await.unwrap();
        dump.extend(rows);
    }
    dump
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A text that holds the key neither plainly nor in the forms in which it travels and is stored.
fn assert_without_key(text: &str) {
    let form: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
    for key in [KEY, &form, &form.replace('+', "%20"), &hex(KEY), "sEcr3t"] {
        assert!(!text.contains(key), "the key is there as {key}");
    }
}

#[tokio::test]
async fn key_is_sealed_in_the_database_and_in_no_answer() {
    let running = Running::start().await;
    let panel = panel(plain_rows(3)).await;
    // Panels echo keys in errors, in pages, and even in their lists.
    let echo = format!(r#"{{"error":"Invalid API key {KEY}"}}"#);
    let error = Answering::start(200, &[], echo).await;
    let page = Answering::start(403, &[], format!("<h1>blocked: key={KEY}</h1>")).await;
    let mut row = plain_rows(1).remove(0);
    row["name"] = json!(format!("Followers for {KEY}"));
    let list =
        Answering::start(200, &[], json!([row, {"service": KEY, "rate": KEY}]).to_string()).await;
    let mut answers = String::new();
    for url in [panel.url(), error.url.clone(), page.url.clone(), list.url.clone()] {
        let mut input = provider_input(&url);
        input["apiUrl"] = json!(url);
        input["apiKey"] = json!(KEY);
        let added = add(&running, input).await;
        let id = added["id"].as_str().unwrap();
        answers += &added.to_string();
        answers += &running.ask(TEST, json!({"id": id})).await.to_string();
        answers += &sync(&running, id).await.to_string();
    }
    let replaced = json!({"id": providers(&running).await[0]["id"], "apiKey": KEY});
    let update = "mutation($input: UpdateProviderInput!) { updateProvider(input: $input) {
        provider { id apiKeyHint } } }";
    answers += &running.ask(update, json!({"input": replaced})).await.to_string();
    answers += &running
        .ask("{ events(first: 1000) { nodes { payload metadata } } }", json!({}))
        .await
        .to_string();
    answers += &Value::from(providers(&running).await).to_string();
    assert_without_key(&answers);
    assert_without_key(&dump(&running.database).await);
    assert!(answers.contains("[key]"), "{answers}");
    assert!(answers.contains("0815"), "{answers}");
    running.stop().await;
}

async fn providers(running: &Running) -> Vec<Value> {
    let all = "{ providers { id name apiUrl apiKeyHint lastSync { errors } } }";
    running.data(all, json!({})).await["providers"].as_array().unwrap().clone()
}

#[tokio::test]
async fn keys_that_no_provider_uses_are_swept_after_an_hour() {
    let running = Running::start().await;
    let peak = add(&running, provider_input("Peak")).await["id"].clone();
    // The name is found taken once the key is stored.
    add_refused(&running, provider_input("Peak")).await;
    let update =
        "mutation($input: UpdateProviderInput!) { updateProvider(input: $input) { position } }";
    running.data(update, json!({"input": {"id": peak, "apiKey": "another key"}})).await;
    let pool = running.database.pool();
    let count = async || -> i64 {
        sqlx::query_scalar("select count(*) from credentials").fetch_one(pool).await.unwrap()
    };
    let credentials = running.app.commands().credentials();
    assert_eq!((count().await, credentials.sweep().await.unwrap()), (3, 0));
    let age = "update credentials set created_at = created_at - interval '61 minutes'";
    sqlx::query(age).execute(pool).await.unwrap();
    assert_eq!((credentials.sweep().await.unwrap(), count().await), (1, 2));
    running.stop().await;
}

#[tokio::test]
async fn provider_of_the_environment_is_added_once_and_ignored_ever_after() {
    let panel = panel(plain_rows(3)).await;
    let first = |name: &str| FirstProvider {
        name: name.to_owned(),
        url: panel.url(),
        key: panel.key().into(),
    };
    let running = Running::start_with(|config| config.first_provider = Some(first("First"))).await;
    until("the provider is in the read models", async || !providers(&running).await.is_empty())
        .await;
    let added = providers(&running).await;
    assert_eq!((added.len(), &added[0]["name"]), (1, &json!("First")));
    let test = running.data(TEST, json!({"id": added[0]["id"]})).await;
    assert_eq!(test["testProviderConnection"]["ok"], true);
    let delete = "mutation($id: ID!) { deleteProvider(id: $id) { position } }";
    running.data(delete, json!({"id": added[0]["id"]})).await;
    let database = running.stop().await;
    let other =
        |config: &mut signalbox::app::AppConfig| config.first_provider = Some(first("Other"));
    let running = Running::start_beside(database, other).await;
    assert_eq!(providers(&running).await, Vec::<Value>::new());
    assert_eq!(count_events(&running, &["ProviderAdded"]).await, 1);
    running.stop().await;
}
