//! An installation as its users reach it: over HTTP, with the operator's token.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use signalbox::simulator::Panel;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

pub(crate) const TOKEN: &str = "a-token-of-the-tests";

/// How long anything may take that happens by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(25);

const ORDER: &str = "query($id: ID!) { order(id: $id) {
    id status link apiOrderId provider { id name }
    attempts { number outcome reason apiOrderId provider { name } decision }
    timeline { position type payload } } }";

/// Where an installation listens.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    address: SocketAddr,
    /// The last position of the journal that was seen in an answer. Each read model moves by itself, so what is asked
    /// from then on is asked of models that all have reached it.
    seen: Arc<AtomicI64>,
}

impl Api {
    pub(crate) fn at(address: SocketAddr) -> Self {
        // Another test of the same process may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_built_in_root_certs(false);
        Self { client: client.build().unwrap(), address, seen: Arc::default() }
    }

    /// Asks; returns the whole answer, or why there is none.
    pub(crate) async fn try_ask(&self, query: &str, variables: Value) -> reqwest::Result<Value> {
        let answer = self.request(query, variables).send().await?.text().await?;
        Ok(serde_json::from_str(&answer).unwrap_or_else(|_| panic!("not JSON: {answer}")))
    }

    /// A question that has not been sent yet.
    pub(crate) fn request(&self, query: &str, variables: Value) -> RequestBuilder {
        let url = format!("http://{}/graphql", self.address);
        let request = self.client.post(url).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json");
        let request = request.header("x-min-position", self.seen.load(Ordering::Relaxed));
        request.body(json!({"query": query, "variables": variables}).to_string())
    }

    /// Reads another address, without the token.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.address)).send().await.unwrap()
    }

    /// Asks; returns the whole answer.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        self.try_ask(query, variables).await.unwrap()
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

    /// Asks what can be asked again, until the installation is not too busy to answer and has read what it wrote; expects
    /// data.
    async fn data_in_the_end(&self, query: &str, variables: Value) -> Value {
        let mut answer = Value::Null;
        until("the installation is not too busy", async || {
            answer = self.ask(query, variables.clone()).await;
            let code = &answer["errors"][0]["extensions"]["code"];
            code != "UNAVAILABLE" && code != "TIMEOUT"
        })
        .await;
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"].clone()
    }

    /// What `/readyz` says; null where nobody answers.
    pub(crate) async fn readiness(&self) -> Value {
        let url = format!("http://{}/readyz", self.address);
        let Ok(answer) = self.client.get(url).send().await else { return Value::Null };
        let text = answer.text().await.unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Adds a simulated panel as a provider; returns the provider's id.
    pub(crate) async fn add_panel(&self, name: &str, panel: &Panel, priority: i32) -> String {
        self.add_provider(name, &panel.url(), &panel.key(), priority).await
    }

    /// Adds a provider; returns its id.
    pub(crate) async fn add_provider(
        &self,
        name: &str,
        url: &str,
        key: &str,
        priority: i32,
    ) -> String {
        let input = json!({"name": name, "apiUrl": url, "apiKey": key, "priority": priority});
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

    /// Places an order, under a key of its own where it has none; returns its id.
    pub(crate) async fn place(&self, mut input: Value) -> String {
        if input.get("idempotencyKey").is_none() {
            input["idempotencyKey"] = json!(Uuid::now_v7());
        }
        let placed = self.data_in_the_end(PLACE, json!({"input": input})).await;
        placed["placeOrder"]["order"]["id"].as_str().unwrap().to_owned()
    }

    /// Settles the order's first attempt; returns the whole answer.
    pub(crate) async fn settle(&self, order: &str, decision: &str, id: Option<&str>) -> Value {
        self.settle_attempt(order, 1, decision, id).await
    }

    /// Settles the order's attempt of this number; returns the whole answer.
    pub(crate) async fn settle_attempt(
        &self,
        order: &str,
        attempt: usize,
        decision: &str,
        id: Option<&str>,
    ) -> Value {
        let settle = "mutation($input: SettleAttemptInput!) { settleAttempt(input: $input) { order { status } } }";
        let input = json!({"orderId": order, "attempt": attempt, "decision": decision,
            "apiOrderId": id, "note": "seen in the panel"});
        self.ask(settle, json!({"input": input})).await
    }

    /// An order with its attempts and its timeline.
    pub(crate) async fn order(&self, id: &str) -> Value {
        self.data_in_the_end(ORDER, json!({"id": id})).await["order"].clone()
    }

    /// The order, once no provider is to be asked for it any more.
    pub(crate) async fn order_at_rest(&self, id: &str) -> Value {
        let mut order = Value::Null;
        until("the order is at rest", async || {
            order = self.order(id).await;
            order["status"] != "QUEUED" && !self.is_news(&order)
        })
        .await;
        order
    }

    /// Tells whether an order's timeline goes on after what was seen, and takes that for seen.
    fn is_news(&self, order: &Value) -> bool {
        let timeline = order["timeline"].as_array().unwrap();
        let last = timeline.last().unwrap()["position"].as_str().unwrap().parse().unwrap();
        self.saw(last) < last
    }

    /// Notes that the journal has reached `position`; returns what was noted before.
    pub(crate) fn saw(&self, position: i64) -> i64 {
        self.seen.fetch_max(position, Ordering::Relaxed)
    }

    /// Returns once no provider is to be asked for any order any more, and every read model says so.
    pub(crate) async fn all_at_rest(&self) {
        let queued = "{ orders(filter: {status: [QUEUED]}, first: 1) { totalCount } }";
        until("all orders are at rest", async || {
            self.data_in_the_end(queued, json!({})).await["orders"]["totalCount"] == 0
                && self.readiness().await["ready"] == true
        })
        .await;
    }
}

pub(crate) const PLACE: &str =
    "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { order { id } position } }";

/// Looks again and again until it is so.
pub(crate) async fn until(what: &str, so: impl AsyncFnMut() -> bool) {
    until_within(PATIENCE, what, so).await;
}

/// The same, of what takes its time.
pub(crate) async fn until_within(
    patience: Duration,
    what: &str,
    mut so: impl AsyncFnMut() -> bool,
) {
    let end = Instant::now() + patience;
    while !so().await {
        assert!(Instant::now() < end, "not in time: {what}");
        sleep(GLANCE).await;
    }
}
