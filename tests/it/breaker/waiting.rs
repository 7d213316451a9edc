//! Orders that only providers can take which are set aside.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{impatient, occurs, start};
use crate::support::{
    api::{PLACE, until},
    running::Running,
    shop::{Census, Shop},
};

const SUSPEND: &str =
    "mutation($id: ID!) { suspendProvider(id: $id, note: \"a rest\") { position } }";
const RESUME: &str = "mutation($id: ID!) { resumeProvider(id: $id) { position } }";
const WAITS: &str = "query($id: ID!) { order(id: $id) { status waitsUntil waitingReason } }";

#[tokio::test]
async fn order_waits_visibly_and_goes_on_as_soon_as_somebody_is_back() {
    let running = start().await;
    let shop = Shop::open(&running, 2).await;
    for provider in &shop.providers {
        running.data(SUSPEND, json!({"id": provider})).await;
    }
    let before = Utc::now();
    let id = running.place(shop.order("https://social.example/p/1")).await;
    occurs(&running, running.database.pool(), "OrderDeferred", 1).await;
    let mut order = Value::Null;
    until("the order is seen to wait", async || {
        order = running.data(WAITS, json!({"id": id})).await["order"].clone();
        order["waitingReason"] != Value::Null
    })
    .await;
    assert_eq!(order["status"], "QUEUED");
    assert_eq!(
        order["waitingReason"],
        "all that could take the order are set aside; \
         panel 1: the provider is suspended, since an operator set it aside; \
         panel 2: the provider is suspended, since an operator set it aside"
    );
    let until: DateTime<Utc> = order["waitsUntil"].as_str().unwrap().parse().unwrap();
    let limit = TimeDelta::minutes(60);
    assert!((before + limit..Utc::now() + limit).contains(&until), "{until}");

    running.data(RESUME, json!({"id": shop.providers[1]})).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["provider"]["name"], "panel 2", "{order}");
    let order = running.data(WAITS, json!({"id": id})).await["order"].clone();
    assert_eq!((&order["waitsUntil"], &order["waitingReason"]), (&Value::Null, &Value::Null));
    running.stop().await;
}

#[tokio::test]
async fn order_is_given_up_at_its_deadline_with_the_reason() {
    let running = Running::start_with(|config| {
        impatient(config);
        config.wait_limit = TimeDelta::milliseconds(700);
    })
    .await;
    let shop = Shop::open(&running, 1).await;
    running.data(SUSPEND, json!({"id": shop.providers[0]})).await;
    let begun = Utc::now();
    let id = running.place(shop.order("https://social.example/p/1")).await;
    let order = running.order_at_rest(&id).await;
    assert!(Utc::now() - begun >= TimeDelta::milliseconds(700));
    assert_eq!(order["status"], "FAILED");
    let last = order["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["type"], "OrderFailed");
    assert_eq!(
        last["payload"]["reason"],
        "it has waited long enough: all that could take the order are set aside; \
         panel 1: the provider is suspended, since an operator set it aside"
    );
    running.stop().await;
}

#[tokio::test]
async fn service_whose_orders_do_not_wait_is_unroutable_at_once() {
    let running = start().await;
    let shop = Shop::open(&running, 1).await;
    running.data(SUSPEND, json!({"id": shop.providers[0]})).await;
    let update = "mutation($ids: [ID!]!, $patch: ServicePatch!) {
        updateServices(ids: $ids, patch: $patch) { services { waitMinutes } } }";
    let wait = |minutes: Value| json!({"ids": [shop.service], "patch": {"waitMinutes": minutes}});
    let refused = running.refusal(update, wait(json!(10_081))).await;
    assert_eq!(refused["extensions"]["field"], "waitMinutes");
    let set = running.data(update, wait(json!(0))).await;
    assert_eq!(set["updateServices"]["services"][0]["waitMinutes"], 0);
    let input = json!({"input": shop.order("https://social.example/p/1")});
    let refused = running.refusal(PLACE, input.clone()).await;
    assert_eq!(refused["extensions"]["code"], "UNROUTABLE", "{refused}");
    running.data(update, wait(Value::Null)).await;
    running.data(PLACE, input).await;
    running.data(RESUME, json!({"id": shop.providers[0]})).await;
    running.all_at_rest().await;
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 1, ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn hundreds_that_wait_all_go_once_and_none_twice() {
    let running = start().await;
    let shop = Shop::open(&running, 1).await;
    running.data(SUSPEND, json!({"id": shop.providers[0]})).await;
    for number in 0..300 {
        running.place(shop.order(&format!("https://social.example/p/{number}"))).await;
    }
    occurs(&running, running.database.pool(), "OrderDeferred", 300).await;
    running.data(RESUME, json!({"id": shop.providers[0]})).await;
    running.all_at_rest().await;
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 300, ..Census::default() });
    running.stop().await;
}
