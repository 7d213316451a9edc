//! An operator's word on what is in doubt.

use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};
use sqlx::PgPool;

use super::failover::refuse;
use crate::support::{
    running::Running,
    shop::{Census, Shop},
};

/// Places an order that the first panel takes without an answer.
async fn order_in_doubt(running: &Running, shop: &Shop, link: &str) -> String {
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1).after()]);
    let id = running.place(shop.order(link)).await;
    assert_eq!(running.order_at_rest(&id).await["status"], "IN_DOUBT");
    id
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

/// Puts the waiting time of all attempts into the past: the record can be turned back, the clock cannot.
pub(crate) async fn let_the_waiting_time_pass(journal: &PgPool) {
    sqlx::query(
        "update events
         set payload = payload || '{\"settle_after\": \"2020-01-01T00:00:00Z\"}'
         where event_type = 'AttemptStarted'",
    )
    .execute(journal)
    .await
    .unwrap();
}

#[tokio::test]
async fn attempt_settled_as_placed_is_at_the_provider() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    let id = order_in_doubt(&running, &shop, "https://social.example/p/1").await;
    let api_order_id = shop.panels[0].orders()[0].id.to_string();
    let settled = running.settle(&id, "PLACED", Some(&api_order_id)).await;
    assert_eq!(settled["data"]["settleAttempt"]["order"]["status"], "PENDING", "{settled}");
    let order = running.order(&id).await;
    assert_eq!(
        (&order["apiOrderId"], &order["provider"]["name"]),
        (&json!(api_order_id), &json!("panel 1"))
    );
    let again = running.settle(&id, "PLACED", Some(&api_order_id)).await;
    assert_eq!(code(&again), "CONFLICT", "{again}");
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 1, ..Census::default() });
    running.stop().await;
}

#[tokio::test]
async fn attempt_is_settled_as_placed_only_with_an_id_that_no_other_order_has() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let other = running.place(shop.order("https://social.example/p/0")).await;
    let taken = running.order_at_rest(&other).await["apiOrderId"].as_str().unwrap().to_owned();
    let id = order_in_doubt(&running, &shop, "https://social.example/p/1").await;
    for missing in [None, Some(" ")] {
        let answer = running.settle(&id, "PLACED", missing).await;
        assert_eq!(code(&answer), "INVALID_INPUT", "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["field"], "apiOrderId");
    }
    let answer = running.settle(&id, "PLACED", Some(&taken)).await;
    assert_eq!(code(&answer), "CONFLICT", "{answer}");
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains(&other), "{answer}");
    assert_eq!(running.order(&id).await["status"], "IN_DOUBT");
    running.stop().await;
}

#[tokio::test]
async fn attempt_settled_as_not_placed_goes_on_but_not_before_its_time() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 3).await;
    let id = order_in_doubt(&running, &shop, "https://social.example/p/1").await;
    let early = running.settle(&id, "NOT_PLACED", None).await;
    assert_eq!(code(&early), "CONFLICT", "{early}");
    let order = running.order(&id).await;
    let started = &order["timeline"][1]["payload"];
    let time = &started["settle_after"].as_str().unwrap()[..19];
    let message = early["errors"][0]["message"].as_str().unwrap().replace(' ', "T");
    assert!(message.contains(time), "{message} does not name {time}");

    let_the_waiting_time_pass(running.database.pool()).await;
    shop.panels[1].set_faults(vec![refuse("API is disabled")]);
    let settled = running.settle(&id, "NOT_PLACED", None).await;
    assert_eq!(settled.get("errors"), None, "{settled}");
    let order = running.order_at_rest(&id).await;
    assert_eq!(order["provider"]["name"], "panel 3", "{order}");
    assert_eq!(order["attempts"][0]["outcome"], "NOT_PLACED");
    assert_eq!(shop.asked(), [1, 1, 1]);
    let logs =
        "query($id: ID!) { failoverLogs(orderId: $id) { nodes { reason toProvider { name } } } }";
    let logs = running.data(logs, json!({"id": id})).await["failoverLogs"]["nodes"].clone();
    let first = &logs.as_array().unwrap().last().unwrap();
    let reason = "settled as not placed: seen in the panel";
    assert_eq!(**first, json!({"reason": reason, "toProvider": {"name": "panel 2"}}));
    running.stop().await;
}

#[tokio::test]
async fn attempt_settled_as_not_placed_without_another_candidate_fails_the_order() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let id = order_in_doubt(&running, &shop, "https://social.example/p/1").await;
    let_the_waiting_time_pass(running.database.pool()).await;
    let settled = running.settle(&id, "NOT_PLACED", None).await;
    assert_eq!(settled["data"]["settleAttempt"]["order"]["status"], "FAILED", "{settled}");
    assert_eq!(shop.asked(), [1]);
    running.stop().await;
}
