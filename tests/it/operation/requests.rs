//! A request's id follows it from its header into the events, the provider calls and the log.

use std::collections::HashMap;

use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};
use signalbox::{
    command::{Loaded, Stored},
    domain::{OrderId, order::Order},
};

use crate::support::site::Site;
use crate::support::{
    api::{Api, PLACE},
    running::Running,
    shop::Shop,
};

/// Asks on behalf of a request; returns the id in the answer's header, and the answer.
async fn ask_as(api: &Api, id: Option<&str>, query: &str, variables: Value) -> (String, Value) {
    let request = api.request(query, variables);
    let request = match id {
        Some(id) => request.header("x-request-id", id),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    (id, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn place_as(api: &Api, shop: &Shop, request: &str, link: &str) -> String {
    let input = json!({"input": shop.order(link)});
    let (_, answer) = ask_as(api, Some(request), PLACE, input).await;
    answer["data"]["placeOrder"]["order"]["id"].as_str().unwrap().to_owned()
}

/// The metadata of an order's events by type.
async fn metadata_of(api: &Api, order: &str) -> HashMap<String, HashMap<String, String>> {
    let query = "query($id: ID!) { order(id: $id) { timeline { type metadata } } }";
    let timeline = api.data(query, json!({"id": order})).await["order"]["timeline"].clone();
    let entries = timeline.as_array().unwrap().iter().map(|event| {
        let kind = event["type"].as_str().unwrap().to_owned();
        (kind, serde_json::from_value(event["metadata"].clone()).unwrap())
    });
    entries.collect()
}

#[tokio::test]
async fn answer_names_the_request_by_its_own_id_or_a_new_one() {
    let running = Running::start().await;
    let query = "{ providers { id } }";
    let (own, _) = ask_as(&running, Some("0197/b0a4:x"), query, json!({})).await;
    assert_eq!(own, "0197/b0a4:x");
    let (made, _) = ask_as(&running, None, query, json!({})).await;
    let (other, _) = ask_as(&running, None, query, json!({})).await;
    assert!(made.len() == 36 && made < other, "{made} {other}");
    for harmful in ["a b", &"x".repeat(200), "\"quoted\" é"] {
        let (id, _) = ask_as(&running, Some(harmful), query, json!({})).await;
        assert_eq!(id.len(), 36, "{harmful} became {id}");
    }
    let probe = running.get("/healthz").await;
    assert_eq!(probe.headers()["x-request-id"].len(), 36);
    running.stop().await;
}

#[tokio::test]
async fn every_event_of_an_order_names_the_request_that_placed_it() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    shop.panels[0].set_faults(vec![FaultRule::on(
        Action::Add,
        Fault::Refuse("Not enough funds on balance".to_owned()),
    )]);
    let order = place_as(&running, &shop, "request-1", "https://social.example/p/1").await;
    running.order_at_rest(&order).await;
    let events = metadata_of(&running, &order).await;
    for kind in ["OrderPlaced", "AttemptStarted", "AttemptRefused", "FailedOver", "AttemptPlaced"] {
        assert_eq!(events[kind]["request_id"], "request-1", "{kind}");
        assert!(!events[kind]["command"].is_empty(), "{kind}");
    }
    running.stop().await;
}

#[tokio::test]
async fn order_that_is_resumed_still_names_its_request_and_its_settlement_another() {
    let first = Running::start().await;
    let shop = Shop::open(&first, 1).await;
    shop.panels[0].set_faults(vec![
        FaultRule::on(Action::Add, Fault::Refuse(BUSY.to_owned())).times(1),
        FaultRule::on(Action::Add, Fault::Reset),
    ]);
    let order = place_as(&first, &shop, "request-2", "https://social.example/p/2").await;
    let second = Running::start_on(first.stop().await).await;
    assert_eq!(second.order_at_rest(&order).await["status"], "IN_DOUBT");
    let events = metadata_of(&second, &order).await;
    assert_eq!(events["AttemptInDoubt"]["request_id"], "request-2");

    let loaded = loaded(&second, &order).await;
    assert_eq!(loaded.request_id.unwrap().as_str(), "request-2");
    assert_eq!(loaded.aggregate.attempts.len(), 2);
    second.stop().await;
}

/// Loaded as every command does it: by the stock repository.
async fn loaded(running: &Running, order: &str) -> Loaded<Order>
where
    Order: Stored,
{
    let id: OrderId = order.parse().unwrap();
    running.app.commands().load(id).await.unwrap()
}

const BUSY: &str = "You have active order with this link. Please wait until order being completed.";

#[tokio::test]
async fn lines_of_the_log_are_json_and_name_the_request() {
    let site = Site::open().await;
    let settings = [("SIGNALBOX_LOG_FORMAT", "json"), ("RUST_LOG", "signalbox=debug")];
    let program = site.start(&settings).await;
    let shop = Shop::open(&program.api(), 1).await;
    let order = place_as(&program.api(), &shop, "request-3", "https://social.example/p/3").await;
    program.api().order_at_rest(&order).await;
    let lines: Vec<Value> =
        program.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_request = |line: &&Value| {
        let spans = line["spans"].as_array().into_iter().flatten();
        spans.into_iter().any(|span| span["request_id"] == "request-3")
    };
    let told: Vec<&str> =
        lines.iter().filter(of_request).filter_map(|line| line["message"].as_str()).collect();
    for message in ["provider called", "attempt placed", "answered"] {
        assert!(told.contains(&message), "no `{message}` among {told:?}");
    }
    assert!(program.terminate().await);
    site.close().await;
}
