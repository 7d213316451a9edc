//! Taking an order from a customer.

use std::{
    collections::BTreeSet,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    api::PLACE,
    catalogue::count_events,
    running::Running,
    scripted::{Call, ScriptedPanel},
    shop::{Census, Shop},
};

fn with_key(mut order: Value, key: &str) -> Value {
    order["idempotencyKey"] = json!(key);
    order
}

#[tokio::test]
async fn repeated_idempotency_key_answers_the_same_order() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let order = with_key(shop.order("https://social.example/p/1"), "cart 7");
    let first = running.place(order.clone()).await;
    running.order_at_rest(&first).await;
    assert_eq!(running.place(order.clone()).await, first);
    let running = Running::start_on(running.stop().await).await;
    assert_eq!(running.place(order).await, first);
    let other = with_key(shop.order("https://social.example/p/2"), "cart 7");
    let refusal = running.refusal(PLACE, json!({"input": other})).await;
    assert_eq!(refusal["extensions"]["code"], "CONFLICT");
    assert_eq!(shop.held(), [1]);
    running.stop().await;
}

#[tokio::test]
async fn fifty_requests_with_one_key_at_once_are_one_order() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let order = with_key(shop.order("https://social.example/p/1"), "cart 7");
    let ids: BTreeSet<String> =
        join_all((0..50).map(|_| running.place(order.clone()))).await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    running.all_at_rest().await;
    let census = shop.census(running.database.pool()).await;
    assert_eq!(census, Census { placed: 1, ..Census::default() });
    assert_eq!(count_events(&running, &["OrderPlaced"]).await, 1);
    running.stop().await;
}

#[tokio::test]
async fn order_that_nobody_can_take_records_nothing() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 2).await;
    let off = "mutation($id: ID!) { toggleProviderStatus(id: $id) { provider { status } } }";
    for provider in &shop.providers {
        running.data(off, json!({"id": provider})).await;
    }
    let order = with_key(shop.order("https://social.example/p/1"), "cart 7");
    let refusal = running.refusal(PLACE, json!({"input": order})).await;
    assert_eq!(refusal["extensions"]["code"], "UNROUTABLE");
    assert!(refusal["message"].as_str().unwrap().contains("the provider is inactive"));
    assert_eq!(count_events(&running, &["OrderPlaced"]).await, 0);
    running.data(off, json!({"id": shop.providers[1]})).await;
    let id = running.place(order).await;
    assert_eq!(running.order_at_rest(&id).await["provider"]["name"], "panel 2");
    running.stop().await;
}

#[tokio::test]
async fn order_id_that_the_provider_gave_before_proves_nothing() {
    let running = Running::start().await;
    let answered = Arc::new(AtomicU64::new(0));
    // Every second answer repeats the one before.
    let panel = ScriptedPanel::start(move |_: Call| {
        let number = answered.fetch_add(1, Ordering::Relaxed);
        async move { json!({"order": 500 + number / 2}).to_string() }
    })
    .await;
    let provider = running.add_provider("forgetful", &panel.url(), "key", 1).await;
    running.sync(&provider).await;
    let service = running.data("{ services { nodes { id } } }", json!({})).await;
    let service = &service["services"]["nodes"][0]["id"];
    let place = |number: usize| {
        let link = format!("https://social.example/p/{number}");
        running.place(json!({"serviceId": service, "link": link, "quantity": 100}))
    };
    let ids = join_all((0..40).map(place)).await;
    running.all_at_rest().await;
    let (mut held, mut in_doubt) = (BTreeSet::new(), 0);
    for id in ids {
        let order = running.order_at_rest(&id).await;
        if order["status"] == "IN_DOUBT" {
            let reason = order["attempts"][0]["reason"].as_str().unwrap();
            assert!(reason.contains("under which it holds order"), "{reason}");
            in_doubt += 1;
        } else {
            held.insert(order["apiOrderId"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!((held.len(), in_doubt), (20, 20));
    running.stop().await;
}
