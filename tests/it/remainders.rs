//! What a provider leaves undelivered is ordered at the next one, where the operator wants that.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use signalbox::{
    postgres::PrivatePostgres,
    simulator::{Action, Catalogue, Fault, FaultRule, Pace, Panel, PanelConfig},
};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::{
    status_poll::{count, order, order_with, panel, quick},
    support::{
        api::{Api, PLACE, until},
        catalogue::{row, update_services},
        program::Program,
        running::Running,
        shop::{Shop, assert_gapless},
    },
};

const LINK: &str = "https://social.example/p/1";
const UNITS: i64 = 1000;

const FAMILY: &str = "query($id: ID!) { order(id: $id) {
    status remains remainderReason refillStatus
    children { id status remains quantity charge parent { id } provider { name } attempts { outcome } } } }";

/// A panel on which all orders end so, at once.
fn ending(partial_share: f64, canceled_share: f64) -> PanelConfig {
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
async fn order_ends_as_it_did_where_nobody_takes_the_remainder() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(0.0, 1.0), panel(1, 1)]).await;
    complete(&running, &shop).await;
    let refuse = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[1].set_faults(vec![FaultRule::on(Action::Add, refuse)]);
    let id = place(&running, &shop, LINK).await;
    order_with(&running, &id, "CANCELED").await;
    assert_eq!(family(&running, &id).await["children"][0]["status"], "FAILED");
    // The link is free again.
    shop.panels[1].clear_faults();
    let next = place(&running, &shop, LINK).await;
    order_with(&running, &next, "COMPLETED").await;
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
async fn status_that_reverts_orders_no_second_remainder() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![panel(600_000, 1), panel(600_000, 1)]).await;
    complete(&running, &shop).await;
    let id = place(&running, &shop, LINK).await;
    running.order_at_rest(&id).await;
    let there = shop.panels[0].orders()[0].id;
    for word in ["Canceled", "In progress", "Partial", "Pending", "Refunded"] {
        shop.panels[0].say_of_order(there, Some(word));
        until(word, async || order(&running, &id).await["providerStatus"] == word).await;
        assert_eq!(order(&running, &id).await["status"], "IN_PROGRESS");
    }
    until("the remainder is held", async || shop.held() == [1, 1]).await;
    let there = shop.panels[1].orders()[0].id;
    for word in ["Completed", "In progress", "Completed"] {
        shop.panels[1].say_of_order(there, Some(word));
        let status = if word == "Completed" { "COMPLETED" } else { "IN_PROGRESS" };
        order_with(&running, &id, status).await;
    }
    assert_eq!(count(&order(&running, &id).await, "RemainderOrdered"), 1);
    assert_eq!(shop.held(), [1, 1]);
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

/// Asks providers about all orders that they hold.
async fn refresh_all(api: &Api) {
    let open = "{ orders(filter: {status: [PENDING, IN_PROGRESS]}, first: 100) { nodes { id } } }";
    let Ok(found) = api.try_ask(open, json!({})).await else { return };
    let nodes = found["data"]["orders"]["nodes"].as_array().cloned().unwrap_or_default();
    let ids: Vec<Value> = nodes.iter().map(|node| node["id"].clone()).collect();
    if !ids.is_empty() {
        let refresh = "mutation($ids: [ID!]!) { refreshOrders(ids: $ids) { position } }";
        let _ = api.try_ask(refresh, json!({"ids": ids})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_order_every_remainder_once() {
    let folder =
        tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
    let postgres = PrivatePostgres::start(&folder.path().join("database")).await.unwrap();
    let mut program = Program::start(&folder.path().join("program"), &postgres.url());
    program.dispatches("here").await;
    let api = program.api();
    let shop = open(&api, vec![ending(0.0, 1.0), ending(0.0, 0.0)]).await;
    let update = "mutation($ids: [ID!]!) {
        updateServices(ids: $ids, patch: {completeRemainder: true}) { position } }";
    api.data(update, json!({"ids": [shop.service]})).await;
    for round in 0..10 {
        program.dispatches("here").await;
        let places = (0..4).map(|n| {
            let mut input = input(&shop, &format!("https://social.example/{round}/{n}"));
            input["idempotencyKey"] = json!(format!("{round} {n}"));
            let api = &api;
            async move { api.try_ask(PLACE, json!({"input": input})).await }
        });
        join_all(places).await;
        let refreshing = async {
            loop {
                refresh_all(&api).await;
                sleep(Duration::from_millis(5)).await;
            }
        };
        let killed = Duration::from_millis(fastrand::u64(0..400));
        let _ = tokio::time::timeout(killed, refreshing).await;
        program.kill_and_restart();
    }
    program.dispatches("here").await;
    until("all that is not in doubt has ended", async || {
        refresh_all(&api).await;
        let left = "{ orders(filter: {status: [QUEUED, PENDING, IN_PROGRESS]}, first: 100) {
            nodes { children { status } } } }";
        let left = api.data(left, json!({})).await;
        // A parent of a remainder in doubt stays open.
        left["orders"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|order| order["children"][0]["status"] == "IN_DOUBT")
    })
    .await;
    let journal = PgPool::connect_with(postgres.options()).await.unwrap();
    let (parents, children): (i64, i64) = sqlx::query_as(
        "select
             count(*) filter (where event_type = 'RemainderOrdered'),
             count(*) filter (where event_type = 'OrderPlaced' and payload ? 'remainder_of')
         from events",
    )
    .fetch_one(&journal)
    .await
    .unwrap();
    assert_eq!(parents, children);
    assert!(parents > 20, "{parents} remainders");
    let mut links: Vec<String> = shop.panels[1].orders().into_iter().map(|it| it.link).collect();
    let held = links.len();
    links.sort();
    links.dedup();
    assert_eq!(links.len(), held, "a remainder was placed twice");
    assert_gapless(&journal).await;
    journal.close().await;
    assert!(program.terminate().await);
    postgres.stop().await;
}
