//! `refreshOrders`, `cancelOrders` and `refillOrders`.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::simulator::{Action, Fault, FaultRule};

use crate::{
    status_poll::{count, order, order_with, panel, placed, quick},
    support::{
        api::{Api, until},
        running::Running,
        shop::Shop,
    },
};

const NOBODY: &str = "0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11";

async fn ask(api: &Api, mutation: &str, orders: &[&str]) -> Value {
    let query = format!(
        "mutation($ids: [ID!]!) {{ asked: {mutation}(ids: $ids) {{
            orders {{ id status }} errors {{ orderId code message }} position }} }}"
    );
    api.data(&query, json!({"ids": orders})).await["asked"].clone()
}

/// Sets the flags of all services at the shop's first panel.
async fn offer(running: &Running, shop: &Shop, flags: Value) {
    shop.panels[0].edit_catalogue(|rows| {
        for row in rows {
            for (name, value) in flags.as_object().unwrap() {
                row[name] = value.clone();
            }
        }
    });
    assert_eq!(running.sync(&shop.providers[0]).await["succeeded"], true);
}

#[tokio::test]
async fn refresh_asks_now_and_answers_with_what_was_said() {
    let running = Running::start().await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let (one, _) = placed(&running, &shop, "p/1").await;
    let (other, _) = placed(&running, &shop, "p/2").await;
    let asked = ask(&running, "refreshOrders", &[&other, &one, &other]).await;
    assert_eq!(
        asked["orders"],
        json!([{"id": other, "status": "COMPLETED"}, {"id": one, "status": "COMPLETED"}])
    );
    assert_eq!(asked["errors"], json!([]));
    let again = ask(&running, "refreshOrders", &[&one]).await;
    assert_eq!(again["orders"][0]["status"], "COMPLETED");
    let order = order(&running, &one).await;
    assert_eq!(count(&order, "OrderStatusChanged"), 1, "{order}");
    running.stop().await;
}

#[tokio::test]
async fn order_that_cannot_be_asked_about_stands_alone_among_the_errors() {
    let running = Running::start().await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let (held, _) = placed(&running, &shop, "p/1").await;
    let refuse = Fault::Refuse("Bad link".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, refuse)]);
    let failed = running.place(shop.order("https://social.example/p/2")).await;
    assert_eq!(running.order_at_rest(&failed).await["status"], "FAILED");
    let asked = ask(&running, "refreshOrders", &[&failed, NOBODY, &held]).await;
    assert_eq!(asked["orders"], json!([{"id": held, "status": "COMPLETED"}]));
    assert_eq!(
        asked["errors"],
        json!([
            {"orderId": failed, "code": "CONFLICT", "message": "no provider holds the order: none took it"},
            {"orderId": NOBODY, "code": "NOT_FOUND", "message": "there is no such order"},
        ])
    );
    running.stop().await;
}

#[tokio::test]
async fn error_about_an_order_changes_nothing_and_is_told() {
    let running = Running::start().await;
    let shop = Shop::open_with(&running, vec![panel(1, 1)]).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    for (fault, code, message) in [
        (
            Fault::Refuse("Incorrect order ID".to_owned()),
            "CONFLICT",
            "the provider says: Incorrect order ID",
        ),
        (
            Fault::Refuse("Too many requests".to_owned()),
            "UNAVAILABLE",
            "the provider answered an error (HTTP 200): Too many requests",
        ),
    ] {
        shop.panels[0].set_faults(vec![FaultRule::on(Action::Status, fault)]);
        let asked = ask(&running, "refreshOrders", &[&id]).await;
        let error = json!({"orderId": id, "code": code, "message": message});
        assert_eq!(asked["errors"], json!([error]));
        assert_eq!(order(&running, &id).await["status"], "PENDING");
    }
    running.stop().await;
}

#[tokio::test]
async fn more_orders_than_one_call_takes_are_refused() {
    let running = Running::start().await;
    let ids = vec![NOBODY; 101];
    let refresh = "mutation($ids: [ID!]!) { refreshOrders(ids: $ids) { position } }";
    let refusal = running.refusal(refresh, json!({"ids": ids})).await;
    assert_eq!(refusal["message"], "101 ids are given: give 1 to 100");
    assert_eq!(refusal["extensions"]["field"], "ids");
    running.stop().await;
}

#[tokio::test]
async fn cancel_is_a_request_that_a_later_status_proves() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(2000, 600_000)]).await;
    offer(&running, &shop, json!({"cancel": true})).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    let asked = ask(&running, "cancelOrders", &[&id]).await;
    assert_eq!(asked["orders"], json!([{"id": id, "status": "PENDING"}]));
    let ended = order_with(&running, &id, "CANCELED").await;
    assert_eq!(count(&ended, "CancelRequested"), 1);
    let again = ask(&running, "cancelOrders", &[&id]).await;
    assert_eq!(again["errors"][0]["code"], "CONFLICT");
    assert!(again["errors"][0]["message"].as_str().unwrap().starts_with("the provider says: "));
    assert_eq!(count(&order(&running, &id).await, "CancelRefused"), 1);
    running.stop().await;
}

#[tokio::test]
async fn order_that_had_ended_is_looked_at_soon_once_a_cancel_was_taken() {
    let running = Running::start_with(|config| {
        quick(config);
        config.status_pace.ended = Duration::from_secs(3600);
    })
    .await;
    let shop = Shop::open_with(&running, vec![panel(1000, 600_000)]).await;
    offer(&running, &shop, json!({"cancel": true})).await;
    let (id, there) = placed(&running, &shop, "p/1").await;
    shop.panels[0].say_of_order(there, Some("Completed"));
    order_with(&running, &id, "COMPLETED").await;
    shop.panels[0].say_of_order(there, None);
    let asked = ask(&running, "cancelOrders", &[&id]).await;
    assert_eq!(asked["errors"], json!([]));
    order_with(&running, &id, "CANCELED").await;
    running.stop().await;
}

#[tokio::test]
async fn service_without_cancel_or_refill_is_not_asked_and_an_unknown_cancel_is_tried() {
    let running = Running::start().await;
    let shop = Shop::open_with(&running, vec![panel(600_000, 1)]).await;
    offer(&running, &shop, json!({"cancel": false, "refill": false})).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    let asked = ask(&running, "cancelOrders", &[&id]).await;
    assert_eq!(asked["errors"][0]["message"], "orders of this service are not cancelled");
    let asked = ask(&running, "refillOrders", &[&id]).await;
    assert_eq!(asked["errors"][0]["message"], "orders of this service are not refilled");
    let asked = |action| shop.panels[0].state().requests.get(&action).copied();
    assert_eq!((asked(Action::Cancel), asked(Action::Refill)), (None, None));
    offer(&running, &shop, json!({"cancel": null})).await;
    ask(&running, "cancelOrders", &[&id]).await;
    assert_eq!(asked(Action::Cancel), Some(1));
    running.stop().await;
}

#[tokio::test]
async fn refill_is_relayed_to_the_holder_and_its_own_status_is_followed() {
    let running = Running::start_with(quick).await;
    let shop = Shop::open_with(&running, vec![panel(500, 500)]).await;
    offer(&running, &shop, json!({"refill": true})).await;
    let (id, _) = placed(&running, &shop, "p/1").await;
    let early = ask(&running, "refillOrders", &[&id]).await;
    assert_eq!(early["errors"][0]["code"], "CONFLICT");
    order_with(&running, &id, "COMPLETED").await;
    let asked = ask(&running, "refillOrders", &[&id]).await;
    assert_eq!(asked["errors"], json!([]));
    let refills =
        "query($id: ID!) { order(id: $id) { refills { apiRefillId status providerStatus } } }";
    until("the refill has ended", async || {
        let found = running.data(refills, json!({"id": id})).await["order"]["refills"].clone();
        found == json!([{"apiRefillId": "1", "status": "COMPLETED", "providerStatus": "Completed"}])
    })
    .await;
    let order = order(&running, &id).await;
    assert_eq!((count(&order, "RefillRefused"), count(&order, "RefillRequested")), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn requests_for_many_orders_go_out_in_one_call() {
    let running = Running::start().await;
    let shop = Shop::open_with(&running, vec![panel(600_000, 1)]).await;
    offer(&running, &shop, json!({"cancel": true})).await;
    let mut ids = vec![];
    for n in 0..20 {
        ids.push(placed(&running, &shop, &format!("p/{n}")).await.0);
    }
    let orders: Vec<&str> = ids.iter().map(String::as_str).collect();
    let asked = ask(&running, "cancelOrders", &orders).await;
    assert_eq!(asked["orders"].as_array().map(Vec::len), Some(20));
    assert_eq!(shop.panels[0].state().requests[&Action::Cancel], 1);
    running.stop().await;
}
