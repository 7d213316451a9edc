//! A page of fifty orders with provider and attempts over GraphQL, beside the same rows as plain REST.
//!
//! The REST route stands here and not in the product: the same reads, written as JSON without further ado.

use std::{
    future::IntoFuture,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use axum::{Json, Router, extract::State, http::StatusCode, routing::get, serve::ListenerExt};
use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::{Value, json};
use signalbox::{
    domain::{OrderId, ProviderId},
    read::{AttemptRow, OrderRow, OrderSelection, PageRequest, ProviderRow, ReadError, Reads},
};
use tokio::{net::TcpListener, task::AbortHandle, time::sleep};

use crate::support::{
    cluster::Cluster,
    http::{Load, Request},
    site::{Site, TOKEN},
    stats::{in_turns, median, milliseconds},
    table::{Line, a_second, in_ms, percent},
};

const EVENTS: i64 = 20_000;
const CONNECTIONS: usize = 64;
const SPAN: Duration = Duration::from_secs(2);
/// How long an installation may take until nothing of its past changes any more.
const AT_REST: Duration = Duration::from_secs(10);
const QUERY: &str = "{ orders(first: 50) { nodes {
    id number link quantity charge status createdAt
    provider { id name }
    attempts { number outcome reason apiOrderId responseMs }
} } }";

/// Measures both in turns.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let site = Site::open(cluster, "page").await?.aged(EVENTS).await?;
    let (rest, serving) = serve(site.app.reads().clone()).await?;
    let (graphql, rest) = (graphql(site.app.address()), get_orders(rest));
    same_rows(&graphql, &rest).await?;
    let (ours, peers) = in_turns(
        async || graphql.load(CONNECTIONS, SPAN).await,
        async || rest.load(CONNECTIONS, SPAN).await,
    )
    .await?;
    serving.abort();
    site.stop().await;
    cluster.drop("page").await?;
    Ok(told(&ours, &peers))
}

/// Pages a second over GraphQL.
pub(crate) async fn pages(site: &Site) -> Result<Load> {
    graphql(site.app.address()).load(CONNECTIONS, SPAN).await
}

fn told(ours: &[Load], peers: &[Load]) -> Vec<Line> {
    let rates = [ours, peers].map(|loads| median(loads.iter().map(|load| load.rate)));
    let p99s = [ours, peers].map(|loads| median(loads.iter().map(|load| milliseconds(load.p99))));
    vec![
        Line {
            figure: format!("GraphQL page of 50 orders, {CONNECTIONS} connections (peer: REST)"),
            ours: a_second(rates[0]),
            peer: a_second(rates[1]),
            ratio: percent(rates[0] / rates[1]),
            wanted: "≥ 60 %",
        },
        Line {
            figure: "its p99".to_owned(),
            ours: in_ms(p99s[0]),
            peer: in_ms(p99s[1]),
            ratio: String::new(),
            wanted: "",
        },
    ]
}

fn graphql(address: SocketAddr) -> Request {
    let body = json!({"query": QUERY}).to_string();
    let text = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Request { address, text }
}

fn get_orders(address: SocketAddr) -> Request {
    Request { address, text: format!("GET /orders HTTP/1.1\r\nhost: {address}\r\n\r\n") }
}

/// Holds the two to the same rows; what still changes while the site comes to rest is asked for again.
async fn same_rows(graphql: &Request, rest: &Request) -> Result<()> {
    let begun = Instant::now();
    loop {
        let ours: Value = serde_json::from_str(&graphql.once().await?)?;
        let rest: Value = serde_json::from_str(&rest.once().await?)?;
        let nodes = &ours["data"]["orders"]["nodes"];
        ensure!(nodes.as_array().is_some_and(|nodes| nodes.len() == 50), "no page: {ours}");
        if *nodes == rest {
            return Ok(());
        }
        ensure!(begun.elapsed() < AT_REST, "not the same: {nodes} and {rest}");
        sleep(Duration::from_millis(200)).await;
    }
}

async fn serve(reads: Reads) -> Result<(SocketAddr, AbortHandle)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        // A connection that keeps its delay is slower, and nothing else.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().route("/orders", get(orders)).with_state(reads);
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    Ok((address, serving.abort_handle()))
}

async fn orders(State(reads): State<Reads>) -> Result<Json<Vec<Order>>, StatusCode> {
    page(&reads).await.map(Json).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: String,
    number: i32,
    link: String,
    quantity: i64,
    charge: String,
    status: String,
    created_at: String,
    provider: Option<Provider>,
    attempts: Vec<Attempt>,
}

#[derive(Serialize)]
struct Provider {
    id: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    number: i32,
    outcome: String,
    reason: Option<String>,
    api_order_id: Option<String>,
    response_ms: Option<f64>,
}

async fn page(reads: &Reads) -> Result<Vec<Order>, ReadError> {
    let page = PageRequest { first: 50, after: None };
    let rows = reads.orders(&OrderSelection::default(), page).await?.rows;
    let ids: Vec<OrderId> = rows.iter().map(|row| OrderId(row.order_id)).collect();
    let mut providers: Vec<ProviderId> =
        rows.iter().filter_map(|row| row.provider_id.map(ProviderId)).collect();
    providers.sort_unstable();
    providers.dedup();
    let (attempts, providers) =
        tokio::try_join!(reads.attempts(&ids), reads.providers_by_id(&providers))?;
    let written = rows.into_iter().map(|row| {
        let provider = row.provider_id.and_then(|id| providers.get(&ProviderId(id)));
        let attempts = attempts.get(&OrderId(row.order_id)).map_or(&[][..], Vec::as_slice);
        write(row, provider, attempts)
    });
    Ok(written.collect())
}

fn write(row: OrderRow, provider: Option<&ProviderRow>, attempts: &[AttemptRow]) -> Order {
    let provider =
        provider.map(|row| Provider { id: row.provider_id.to_string(), name: row.name.clone() });
    let attempts = attempts.iter().map(|row| Attempt {
        number: row.number,
        outcome: row.outcome.clone(),
        reason: row.reason.clone(),
        api_order_id: row.api_order_id.clone(),
        response_ms: row.response_ms.map(|ms| ms as f64),
    });
    Order {
        id: row.order_id.to_string(),
        number: row.number,
        link: row.link,
        quantity: row.quantity,
        charge: row.charge.normalize().to_string(),
        status: row.status,
        created_at: row.created_at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        provider,
        attempts: attempts.collect(),
    }
}
