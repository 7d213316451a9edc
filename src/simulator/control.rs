//! The panel's other side: its state is read and its faults are switched under `/_sim`.

use std::sync::Arc;

use axum::extract::{Path, State as Extract};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use http::StatusCode;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::catalogue::row_id;
use super::orders::AcceptedOrder;
use super::state::{PanelState, RecordedRequest, Shared};
use super::{FaultRule, Latency, Switches};

type Panel = Extract<Arc<Shared>>;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    let faults = get(faults).put(set_faults).post(add_fault).delete(clear_faults);
    let catalogue = get(catalogue).put(set_catalogue).post(add_row);
    Router::new()
        .route("/_sim", get(state))
        .route("/_sim/faults", faults)
        .route("/_sim/orders", get(orders))
        .route("/_sim/orders/{order}", put(say_of_order))
        .route("/_sim/orders/{order}/end", put(end_order))
        .route("/_sim/requests", get(requests))
        .route("/_sim/balance", put(set_balance))
        .route("/_sim/latency", put(set_latency))
        .route("/_sim/switches", put(set_switches))
        .route("/_sim/catalogue", catalogue)
        .route("/_sim/catalogue/{service}", axum::routing::patch(change_row).delete(remove_row))
        .with_state(shared)
}

async fn state(Extract(panel): Panel) -> Json<PanelState> {
    let (state, now) = panel.lock();
    Json(state.show(now))
}

async fn orders(Extract(panel): Panel) -> Json<Vec<AcceptedOrder>> {
    let (state, now) = panel.lock();
    Json(state.book.show_all(now))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    status: Option<String>,
}

async fn say_of_order(
    Extract(panel): Panel,
    Path(order): Path<u64>,
    Json(said): Json<Said>,
) -> Response {
    found_order(panel.lock().0.book.say(order, said.status), order)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    remains: u64,
}

async fn end_order(
    Extract(panel): Panel,
    Path(order): Path<u64>,
    Json(end): Json<End>,
) -> Response {
    let (mut state, now) = panel.lock();
    found_order(state.book.end(order, end.remains, now), order)
}

fn found_order(order: Option<()>, id: u64) -> Response {
    let error =
        || format!("no order has the id {id}, or it has ended; list them by GET /_sim/orders");
    done_or(order, error)
}

async fn requests(Extract(panel): Panel) -> Json<Vec<RecordedRequest>> {
    Json(panel.lock().0.requests())
}

async fn faults(Extract(panel): Panel) -> Json<Vec<FaultRule>> {
    Json(panel.lock().0.faults.clone())
}

async fn set_faults(Extract(panel): Panel, Json(rules): Json<Vec<FaultRule>>) -> StatusCode {
    panel.lock().0.faults = rules;
    StatusCode::NO_CONTENT
}

async fn add_fault(Extract(panel): Panel, Json(rule): Json<FaultRule>) -> StatusCode {
    panel.lock().0.faults.push(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(Extract(panel): Panel) -> StatusCode {
    panel.lock().0.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    balance: Decimal,
}

async fn set_balance(Extract(panel): Panel, Json(new): Json<Balance>) -> StatusCode {
    panel.lock().0.book.balance = new.balance;
    StatusCode::NO_CONTENT
}

async fn set_latency(Extract(panel): Panel, Json(latency): Json<Latency>) -> StatusCode {
    panel.lock().0.latency = latency;
    StatusCode::NO_CONTENT
}

/// Switches that a request names; the others stay.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSwitches {
    orders_list: Option<bool>,
    busy_links: Option<bool>,
    no_lists: Option<bool>,
}

async fn set_switches(Extract(panel): Panel, Json(new): Json<NewSwitches>) -> Json<Switches> {
    let switches = &mut panel.lock().0.switches;
    switches.orders_list = new.orders_list.unwrap_or(switches.orders_list);
    switches.no_lists = new.no_lists.unwrap_or(switches.no_lists);
    switches.busy_links = new.busy_links.unwrap_or(switches.busy_links);
    Json(*switches)
}

async fn catalogue(Extract(panel): Panel) -> Json<Vec<Value>> {
    Json(panel.lock().0.shelf.catalogue().rows().to_vec())
}

async fn set_catalogue(Extract(panel): Panel, Json(new): Json<Vec<Value>>) -> StatusCode {
    panel.lock().0.shelf.edit(|rows| *rows = new);
    StatusCode::NO_CONTENT
}

async fn add_row(Extract(panel): Panel, Json(row): Json<Value>) -> StatusCode {
    panel.lock().0.shelf.edit(|rows| rows.push(row));
    StatusCode::NO_CONTENT
}

async fn change_row(
    Extract(panel): Panel,
    Path(service): Path<String>,
    Json(fields): Json<Map<String, Value>>,
) -> Response {
    let changed = panel.lock().0.shelf.edit(|rows| {
        let row = rows.iter_mut().find(|row| row_id(row).as_ref() == Some(&service))?;
        row.as_object_mut()?.extend(fields);
        Some(())
    });
    found(changed, &service)
}

async fn remove_row(Extract(panel): Panel, Path(service): Path<String>) -> Response {
    let removed = panel.lock().0.shelf.edit(|rows| {
        let before = rows.len();
        rows.retain(|row| row_id(row).as_ref() != Some(&service));
        (rows.len() < before).then_some(())
    });
    found(removed, &service)
}

fn found(row: Option<()>, service: &str) -> Response {
    done_or(row, || format!("no row has the id {service}; list them by GET /_sim/catalogue"))
}

fn done_or(done: Option<()>, error: impl FnOnce() -> String) -> Response {
    match done {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": error() }))).into_response(),
    }
}
