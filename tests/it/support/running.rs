//! A whole installation in this process, on a database of its own, asked over HTTP as its users do.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use signalbox::{
    app::{App, AppConfig, DatabaseConfig},
    domain::provider::UpstreamPolicy,
    postgres::Durability,
    process::{DispatchPace, DispatchStatus},
    provider_api::CallLimits,
    simulator::Panel,
};
use tempfile::TempDir;

use super::database::TestDatabase;

pub(crate) const TOKEN: &str = "a-token-of-the-tests";
/// 32 bytes in base64.
const SECRET_KEY: &str = "c2VhbGluZyBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ=";

/// An installation with a dispatcher and an API, stopped by [`stop`](Self::stop).
pub(crate) struct Running {
    pub(crate) app: App,
    pub(crate) database: TestDatabase,
    client: Client,
    _data: TempDir,
}

impl Running {
    /// Starts with short time limits; returns once it dispatches.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts with a changed configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut AppConfig)) -> Self {
        Self::start_on(TestDatabase::create().await, change).await
    }

    /// Starts on a database that others may use too.
    pub(crate) async fn start_on(
        database: TestDatabase,
        change: impl FnOnce(&mut AppConfig),
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = config(&database, &data);
        change(&mut config);
        let app = App::start(config).await.unwrap();
        let ready = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
        app.dispatching().wait_for(ready).await.unwrap();
        Self { app, database, client: client(), _data: data }
    }

    /// Asks over HTTP; returns the whole answer.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let url = format!("http://{}/graphql", self.app.address());
        let request = self.client.post(url).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json");
        let body = json!({"query": query, "variables": variables}).to_string();
        let answer = request.body(body).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("not JSON: {answer}"))
    }

    /// Asks, and expects data without any error.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"].clone()
    }

    /// Asks, and expects one error; returns it.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
        answer["errors"][0].clone()
    }

    /// Adds a simulated panel as a provider; returns the provider's id.
    pub(crate) async fn add_panel(&self, name: &str, panel: &Panel, priority: i32) -> String {
        let input = json!({
            "name": name, "apiUrl": panel.url(), "apiKey": panel.key(), "priority": priority,
        });
        let add = "mutation($input: AddProviderInput!) { addProvider(input: $input) { provider { id } } }";
        let added = self.data(add, json!({"input": input})).await;
        added["addProvider"]["provider"]["id"].as_str().unwrap().to_owned()
    }

    /// Syncs a provider's catalogue; returns the run.
    pub(crate) async fn sync(&self, provider: &str) -> Value {
        let sync = "mutation($id: ID!) { syncProviderServices(id: $id) { syncLog {
            imported updated delisted unchanged errors succeeded } } }";
        let synced = self.data(sync, json!({"id": provider})).await;
        synced["syncProviderServices"]["syncLog"].clone()
    }

    /// Drains and stops, as SIGTERM does.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
    }
}

fn config(database: &TestDatabase, data: &TempDir) -> AppConfig {
    let second = Duration::from_secs(1);
    AppConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        database: DatabaseConfig::External {
            options: Box::new(database.options()),
            durability: Durability::Volatile,
        },
        data_dir: data.path().to_owned(),
        secret_key: Some(SECRET_KEY.into()),
        admin_token: Some(TOKEN.into()),
        first_provider: None,
        policy: UpstreamPolicy::PrivateAllowed,
        call_limits: CallLimits {
            connect: second,
            add: 2 * second,
            balance: 2 * second,
            ..CallLimits::default()
        },
        pace: DispatchPace { busy_link: second / 5, busy_link_at_most: second },
    }
}

fn client() -> Client {
    // Another test of the same process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().tls_built_in_root_certs(false).build().unwrap()
}
