//! Panels with catalogues, and what is asked of an installation about providers and services.

use axum::{Router, http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};
use signalbox::simulator::{Catalogue, Panel, PanelConfig};
use tokio::{net::TcpListener, task::JoinHandle};

use super::running::Running;

const ADD: &str =
    "mutation($input: AddProviderInput!) { addProvider(input: $input) { position provider {
    id name apiUrl apiKeyHint priority status health balance currency serviceCount } } }";
const SYNC: &str = "mutation($id: ID!, $accept: Boolean!) {
    syncProviderServices(id: $id, acceptDelisting: $accept) { syncLog {
        id trigger imported updated delisted unchanged errors succeeded finishedAt } } }";
const SERVICES: &str = "query($p: ID!, $after: String) {
    services(filter: {providerId: $p}, first: 1000, after: $after) {
        nodes { id number providerServiceId name category type rate price min max refill cancel dripfeed
            enabled listed strategy backups { backup { id } priority } }
        pageInfo { hasNextPage endCursor } } }";

/// A panel on loopback that sells these rows.
pub(crate) async fn panel(rows: Vec<Value>) -> Panel {
    let catalogue = Catalogue::from(rows);
    Panel::start(PanelConfig { catalogue, ..PanelConfig::default() }).await.unwrap()
}

/// A panel with so many generated rows.
pub(crate) async fn generated_panel(count: usize, seed: u64) -> Panel {
    panel(Catalogue::generate(count, seed).rows().to_vec()).await
}

/// A row of type Default that any order of 10 to 1000 fits.
pub(crate) fn row(id: u64) -> Value {
    json!({
        "service": id, "name": format!("Followers {id}"), "type": "Default", "category": "Followers",
        "rate": "0.90", "min": "10", "max": "1000", "refill": true, "cancel": false, "dripfeed": false,
    })
}

/// Rows with the ids from 1 on.
pub(crate) fn plain_rows(count: u64) -> Vec<Value> {
    (1..=count).map(row).collect()
}

/// Something at an address that answers every call the same way. Ends with the test.
pub(crate) struct Answering {
    pub(crate) url: String,
    serving: JoinHandle<()>,
}

impl Answering {
    pub(crate) async fn start(
        status: u16,
        headers: &'static [(&'static str, &'static str)],
        body: String,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        let answer = move || async move {
            let mut response = (status, body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(*name, value.parse().unwrap());
            }
            response
        };
        let serving =
            async { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() };
        Self { url, serving: tokio::spawn(serving) }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The input of `addProvider` with a public address that nobody calls.
pub(crate) fn provider_input(name: &str) -> Value {
    json!({"name": name, "apiUrl": "https://panel.example/api/v2", "apiKey": "0123456789abcdef", "priority": 1})
}

/// Adds a provider; returns it.
pub(crate) async fn add(running: &Running, input: Value) -> Value {
    running.data(ADD, json!({"input": input})).await["addProvider"]["provider"].clone()
}

/// Tries to add a provider; returns the error's code and field.
pub(crate) async fn add_refused(running: &Running, input: Value) -> (String, Value) {
    code_and_field(&running.refusal(ADD, json!({"input": input})).await)
}

/// The code of an error, and the field that it names.
pub(crate) fn code_and_field(error: &Value) -> (String, Value) {
    let extensions = &error["extensions"];
    (extensions["code"].as_str().unwrap().to_owned(), extensions["field"].clone())
}

/// Syncs a provider's catalogue; returns the run.
pub(crate) async fn sync(running: &Running, provider: &str) -> Value {
    let synced = running.data(SYNC, json!({"id": provider, "accept": false})).await;
    synced["syncProviderServices"]["syncLog"].clone()
}

/// Syncs, whatever is delisted by it.
pub(crate) async fn sync_accepting(running: &Running, provider: &str) -> Value {
    let synced = running.data(SYNC, json!({"id": provider, "accept": true})).await;
    synced["syncProviderServices"]["syncLog"].clone()
}

/// Tries to sync; returns the error.
pub(crate) async fn sync_refused(running: &Running, provider: &str) -> Value {
    running.refusal(SYNC, json!({"id": provider, "accept": false})).await
}

/// Imported, updated, delisted and unchanged services of a run.
pub(crate) fn counts(run: &Value) -> [i64; 4] {
    ["imported", "updated", "delisted", "unchanged"].map(|name| run[name].as_i64().unwrap())
}

/// All services of a provider, by number.
pub(crate) async fn services(running: &Running, provider: &str) -> Vec<Value> {
    let (mut services, mut after) = (vec![], Value::Null);
    loop {
        let page = running.data(SERVICES, json!({"p": provider, "after": after})).await;
        let page = &page["services"];
        services.extend(page["nodes"].as_array().unwrap().iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return services;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// A provider's service by the provider's own id.
pub(crate) async fn service(running: &Running, provider: &str, id: u64) -> Value {
    let (services, id) = (services(running, provider).await, json!(id.to_string()));
    services.into_iter().find(|service| service["providerServiceId"] == id).unwrap()
}

/// Changes services.
pub(crate) async fn update_services(running: &Running, ids: &[&Value], patch: Value) -> Value {
    let update = "mutation($ids: [ID!]!, $patch: ServicePatch!) {
        updateServices(ids: $ids, patch: $patch) { services { id enabled price category strategy } } }";
    running.data(update, json!({"ids": ids, "patch": patch})).await["updateServices"]["services"]
        .clone()
}

/// Names a backup of a service; returns the whole answer.
pub(crate) async fn map(
    running: &Running,
    service: &Value,
    backup: &Value,
    priority: i32,
) -> Value {
    let map = "mutation($input: MapServiceInput!) { mapService(input: $input) {
        service { backups { backup { id } priority } } } }";
    let input = json!({"serviceId": service, "backupServiceId": backup, "priority": priority});
    running.ask(map, json!({"input": input})).await
}

/// Takes a backup back; returns the whole answer.
pub(crate) async fn unmap(running: &Running, service: &Value, backup: &Value) -> Value {
    let unmap = "mutation($s: ID!, $b: ID!) { unmapService(serviceId: $s, backupServiceId: $b) {
        service { backups { backup { id } priority } } } }";
    running.ask(unmap, json!({"s": service, "b": backup})).await
}

/// Places an order of 10; returns the whole answer.
pub(crate) async fn place(running: &Running, service: &Value, link: &str) -> Value {
    let place =
        "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { order { id status } } }";
    let input = json!({"serviceId": service, "link": link, "quantity": 10});
    running.ask(place, json!({"input": input})).await
}

/// How many events of each of these types the journal holds.
pub(crate) async fn count_events(running: &Running, types: &[&str]) -> i64 {
    sqlx::query_scalar("select count(*) from events where event_type = any($1)")
        .bind(types)
        .fetch_one(running.database.pool())
        .await
        .unwrap()
}

/// How many events of services the journal holds.
pub(crate) async fn count_service_events(running: &Running) -> i64 {
    sqlx::query_scalar("select count(*) from events where aggregate_type = 'service'")
        .fetch_one(running.database.pool())
        .await
        .unwrap()
}
