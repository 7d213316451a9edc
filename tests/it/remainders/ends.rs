//! What becomes of an order for a remainder is told to its parent, however it ends.

use chrono::TimeDelta;
use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};

use super::{LINK, complete, ending, ends, family, open, place};
use crate::{
    orders::let_the_waiting_time_pass,
    status_poll::{count, order, order_with, panel, quick},
    support::{
        api::{Api, until},
        running::Running,
    },
};

/// The order for the order's remainder, once it has a status.
async fn child_with(api: &Api, id: &str, status: &str) -> Value {
    let mut child = Value::Null;
    until(status, async || {
        child = family(api, id).await["children"][0].clone();
        child["status"] == status
    })
    .await;
    child
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
async fn order_ends_where_its_remainder_is_given_up_at_its_deadline() {
    let running = Running::start_with(|config| {
        quick(config);
        config.wait_limit = TimeDelta::milliseconds(700);
    })
    .await;
    let shop = open(&running, vec![ending(1.0, 0.0), panel(1, 1)]).await;
    complete(&running, &shop).await;
    let suspend = "mutation($id: ID!) { suspendProvider(id: $id, note: \"a rest\") { position } }";
    running.data(suspend, json!({"id": shop.providers[1]})).await;
    let id = place(&running, &shop, LINK).await;
    let ended = order_with(&running, &id, "PARTIAL").await;
    assert_eq!((ends(&ended), count(&ended, "RemainderStatusChanged")), (1, 1), "{ended}");
    assert_eq!(ended["remains"], shop.panels[0].orders()[0].remains);
    child_with(&running, &id, "FAILED").await;
    assert_eq!(shop.held(), [1, 0]);
    running.stop().await;
}

#[tokio::test]
async fn order_ends_where_its_remainder_in_doubt_is_settled_as_not_placed() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(0.0, 1.0), panel(1, 1)]).await;
    complete(&running, &shop).await;
    shop.panels[1].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1)]);
    let id = place(&running, &shop, LINK).await;
    let child = child_with(&running, &id, "IN_DOUBT").await["id"].clone();
    assert_eq!(order(&running, &id).await["status"], "IN_PROGRESS");
    let_the_waiting_time_pass(running.database.pool()).await;
    let settled = running.settle(child.as_str().unwrap(), "NOT_PLACED", None).await;
    assert_eq!(settled["data"]["settleAttempt"]["order"]["status"], "FAILED", "{settled}");
    let ended = order_with(&running, &id, "CANCELED").await;
    assert_eq!((ends(&ended), count(&ended, "RemainderStatusChanged")), (1, 1), "{ended}");
    running.stop().await;
}

#[tokio::test]
async fn remainder_in_doubt_that_was_placed_after_all_completes_its_order() {
    let running = Running::start_with(quick).await;
    let shop = open(&running, vec![ending(0.0, 1.0), panel(1, 1)]).await;
    complete(&running, &shop).await;
    shop.panels[1].set_faults(vec![FaultRule::on(Action::Add, Fault::Reset).times(1).after()]);
    let id = place(&running, &shop, LINK).await;
    let child = child_with(&running, &id, "IN_DOUBT").await["id"].clone();
    let there = shop.panels[1].orders()[0].id.to_string();
    let settled = running.settle(child.as_str().unwrap(), "PLACED", Some(&there)).await;
    assert_eq!(settled.get("errors"), None, "{settled}");
    let ended = order_with(&running, &id, "COMPLETED").await;
    assert_eq!((ends(&ended), &ended["remains"]), (1, &json!(0)), "{ended}");
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
