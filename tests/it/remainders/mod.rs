//! What a provider leaves undelivered is ordered at the next one, where the operator wants that.

mod ends;
mod kills;

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::simulator::{Catalogue, Pace, Panel, PanelConfig};
use tokio::time::sleep;

use crate::{
    status_poll::{count, order, order_with, panel, quick},
    support::{
        api::{Api, until},
        catalogue::{row, update_services},
        running::Running,
        shop::Shop,
    },
};

const LINK: &str = "https://social.example/p/1";
const UNITS: i64 = 1000;

const FAMILY: &str = "query($id: ID!) { order(id: $id) {
    status remains remainderReason refillStatus
    children { id status remains quantity charge parent { id } provider { name } attempts { outcome } } } }";

/// A panel on which all orders end so, at once.
pub(crate) fn ending(partial_share: f64, canceled_share: f64) -> PanelConfig {
    let pace = Pace {
        pending: Duration::from_millis(1),
        in_progress: Duration::from_millis(1),
        partial_share,
        canceled_share,
    };
    PanelConfig { pace, ..PanelConfig::default() }
}

/// Panels that all sell the same from one unit on, and a service of which the remainder is completed.
async fn open(running: &Api, configs: Vec<PanelConfig>) -> Shop {
    let mut panels = vec![];
    for (config, number) in configs.into_iter().zip(1..) {
        let mut sold = row(1);
        (sold["min"], sold["cancel"]) = (json!("1"), json!(true));
        let (catalogue, key) = (Catalogue::from(vec![sold]), format!("key of panel {number}"));
        let config = PanelConfig { catalogue, key, seed: number, ..config };
        panels.push(Panel::start(config).await.unwrap());
    }
    Shop::of(running, panels).await
}

async fn complete(running: &Running, shop: &Shop) {
    let patch = json!({"completeRemainder": true});
    update_services(running, &[&json!(shop.service)], patch).await;
}

async fn place(running: &Api, shop: &Shop, link: &str) -> String {
    running.place(input(shop, link)).await
}

fn input(shop: &Shop, link: &str) -> Value {
    let mut input = shop.order(link);
    input["quantity"] = json!(UNITS);
    input
}

async fn family(running: &Api, id: &str) -> Value {
    running.data(FAMILY, json!({"id": id})).await["order"].clone()
}

/// How often events of an order say in all that it has ended.
fn ends(order: &Value) -> usize {
    let events = order["timeline"].as_array().unwrap();
    let said = events.iter().filter_map(|event| {
        let payload = &event["payload"];
        payload["overall"]["status"].as_str().or(payload["status"].as_str())
    });
    said.filter(|status| ["COMPLETED", "PARTIAL", "CANCELED"].contains(status)).count()
}

#[tokio::test]
async fn canceled_order_is_completed_by_the_next_provider_and_never_seen_as_ended_before() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(0.0, 1.0), panel(500, 1)]).await;
    complete(&running, &shop).await;
    let id = place(&running, &shop, LINK).await;
    until("the remainder is ordered", async || {
        family(&running, &id).await["children"][0]["status"] == "PENDING"
    })
    .await;
    let open = family(&running, &id).await;
    assert_eq!((&open["status"], &open["remains"]), (&json!("IN_PROGRESS"), &json!(1000)));
    let child = &open["children"][0];
    assert_eq!(child["parent"]["id"], id);
    assert_eq!(child["provider"]["name"], "panel 2");
    assert_eq!((&child["quantity"], &child["charge"]), (&json!(1000), &json!("0")));
    let ended = order_with(&running, &id, "COMPLETED").await;
    assert_eq!((&ended["remains"], ends(&ended)), (&json!(0), 1), "{ended}");
    assert_eq!(shop.held(), [1, 1]);
    assert_eq!(shop.panels[1].orders()[0].quantity, 1000);
    let logs = running.data("{ failoverLogs(first: 10) { nodes { reason } } }", json!({})).await;
    assert_eq!(logs["failoverLogs"]["nodes"], json!([]));
    running.stop().await;
}

#[tokio::test]
async fn what_is_left_goes_from_provider_to_provider_and_the_order_ends_once() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(1.0, 0.0), ending(1.0, 0.0), panel(1, 1)]).await;
    complete(&running, &shop).await;
    let id = place(&running, &shop, LINK).await;
    let ended = order_with(&running, &id, "COMPLETED").await;
    assert_eq!(ends(&ended), 1, "{ended}");
    assert_eq!(shop.held(), [1, 1, 1]);
    let [first, second, third] = [0, 1, 2].map(|n| shop.panels[n].orders()[0].clone());
    assert_eq!((second.quantity, third.quantity), (first.remains, second.remains));
    assert!(first.remains > second.remains && second.remains > 0);
    let family = family(&running, &id).await;
    let children = family["children"].as_array().unwrap();
    let statuses: Vec<&Value> = children.iter().map(|child| &child["status"]).collect();
    assert_eq!(statuses, ["PARTIAL", "COMPLETED"]);
    running.stop().await;
}

#[tokio::test]
async fn order_ends_short_where_the_last_provider_does() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(0.0, 1.0), ending(1.0, 0.0)]).await;
    complete(&running, &shop).await;
    let id = place(&running, &shop, LINK).await;
    let ended = order_with(&running, &id, "PARTIAL").await;
    let left = shop.panels[1].orders()[0].remains;
    assert_eq!(ended["remains"], left);
    let reason = family(&running, &id).await["remainderReason"].clone();
    assert!(reason.as_str().unwrap().starts_with("no provider can take"), "{reason}");
    running.stop().await;
}

#[tokio::test]
async fn nothing_is_ordered_unless_the_operator_wants_it() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(1.0, 0.0), panel(1, 1)]).await;
    let id = place(&running, &shop, LINK).await;
    order_with(&running, &id, "PARTIAL").await;
    sleep(Duration::from_secs(1)).await;
    let family = family(&running, &id).await;
    assert_eq!((&family["status"], &family["children"]), (&json!("PARTIAL"), &json!([])));
    assert_eq!(shop.held(), [1, 0]);
    running.stop().await;
}

#[tokio::test]
async fn remainder_that_fits_nowhere_is_told_with_the_reason() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(1.0, 0.0), panel(1, 1)]).await;
    complete(&running, &shop).await;
    shop.panels[1].edit_catalogue(|rows| rows[0]["min"] = json!("1000"));
    running.sync(&shop.providers[1]).await;
    let id = place(&running, &shop, LINK).await;
    let ended = order_with(&running, &id, "PARTIAL").await;
    assert_eq!(count(&ended, "RemainderNotOrdered"), 1);
    let reason = family(&running, &id).await["remainderReason"].clone();
    assert!(reason.as_str().unwrap().contains("it takes 1000 to 1000 units"), "{reason}");
    assert_eq!(shop.held(), [1, 0]);
    running.stop().await;
}

#[tokio::test]
async fn what_an_operator_had_canceled_is_not_ordered_anew() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![panel(600, 600_000), panel(1, 1)]).await;
    complete(&running, &shop).await;
    let id = place(&running, &shop, LINK).await;
    running.order_at_rest(&id).await;
    let cancel = "mutation($ids: [ID!]!) { cancelOrders(ids: $ids) { errors { message } } }";
    let canceled = running.data(cancel, json!({"ids": [id]})).await;
    assert_eq!(canceled["cancelOrders"]["errors"], json!([]));
    order_with(&running, &id, "CANCELED").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.held(), [1, 0]);
    running.stop().await;
}

#[tokio::test]
async fn next_order_on_the_link_waits_for_the_remainder_too() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(0.0, 1.0), panel(1200, 1)]).await;
    complete(&running, &shop).await;
    let first = place(&running, &shop, LINK).await;
    let second = place(&running, &shop, LINK).await;
    until("the remainder is held", async || shop.held() == [1, 1]).await;
    assert_eq!(order(&running, &second).await["status"], "QUEUED");
    order_with(&running, &first, "COMPLETED").await;
    order_with(&running, &second, "COMPLETED").await;
    assert_eq!(shop.held(), [2, 2]);
    running.stop().await;
}

#[tokio::test]
async fn refill_is_seen_at_the_order() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![panel(1, 1)]).await;
    let id = place(&running, &shop, LINK).await;
    order_with(&running, &id, "COMPLETED").await;
    assert_eq!(family(&running, &id).await["refillStatus"], Value::Null);
    let refill = "mutation($ids: [ID!]!) { refillOrders(ids: $ids) { errors { message } } }";
    let refilled = running.data(refill, json!({"ids": [id]})).await;
    assert_eq!(refilled["refillOrders"]["errors"], json!([]));
    until("the refill is done", async || {
        family(&running, &id).await["refillStatus"] == "COMPLETED"
    })
    .await;
    running.stop().await;
}
