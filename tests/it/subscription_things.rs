//! Orders and providers as they change.

use chrono::Utc;
use rust_decimal::dec;
use serde_json::{Value, json};
use signalbox::domain::provider::ProviderEvent;
use uuid::Uuid;

use crate::{
    graphql_facts::{Attempt, balance, order, provider, service},
    graphql_installation::Installation,
    subscription_client::{Events, Socket},
};

const ORDERS: &str = "subscription ($ids: [ID!]) { orderChanged(ids: $ids) {
    number status apiOrderId provider { name } attempts { outcome } } }";

fn number_and_status(data: &Value) -> (i64, &str) {
    let order = &data["orderChanged"];
    (order["number"].as_i64().unwrap(), order["status"].as_str().unwrap())
}

#[tokio::test]
async fn changed_order_comes_as_it_stands_after_the_change() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let likes = service(&shop, alpha, 1, "Likes").await;
    let address = shop.listen().await;
    let mut all = Events::begin(address, ORDERS, json!({})).await;
    let (one, two) = (order(&shop, 1, likes, "a").await, order(&shop, 2, likes, "b").await);
    let mut second = Events::begin(address, ORDERS, json!({"ids": [two.to_string()]})).await;
    for id in [one, two] {
        let attempt = Attempt::new(1, alpha);
        let started = attempt.started(likes, Utc::now());
        shop.record("order", id.0, &[started, attempt.placed("55", 20)]).await;
    }
    let mut last = vec![];
    while last.len() < 2 {
        let data = all.data().await;
        let (number, status) = number_and_status(&data);
        if status == "PENDING" {
            last.push(number);
        }
    }
    assert_eq!(last, [1, 2]);
    let data = second.data().await;
    assert_eq!(
        data["orderChanged"],
        json!({
            "number": 2, "status": "PENDING", "apiOrderId": "55", "provider": {"name": "alpha"},
            "attempts": [{"outcome": "PLACED"}]
        })
    );
    assert!(second.is_quiet().await);
}

#[tokio::test]
async fn order_waits_for_its_read_model() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let likes = service(&shop, alpha, 1, "Likes").await;
    let mut events = Events::begin(shop.listen().await, ORDERS, json!({})).await;
    let mut held = shop.pool().begin().await.unwrap();
    let checkpoint = "select from projection_checkpoints for update";
    sqlx::query(checkpoint).execute(&mut *held).await.unwrap();
    order(&shop, 1, likes, "a").await;
    assert!(events.is_quiet().await);
    held.rollback().await.unwrap();
    assert_eq!(number_and_status(&events.data().await), (1, "QUEUED"));
}

#[tokio::test]
async fn provider_comes_when_its_status_changes_and_not_otherwise() {
    let shop = Installation::start().await;
    let query = "subscription { providerChanged { name status serviceCount } }";
    let mut events = Events::begin(shop.listen().await, query, json!({})).await;
    let alpha = provider(&shop, "alpha", 1).await;
    let mut changed = async || events.data().await["providerChanged"].clone();
    assert_eq!(changed().await, json!({"name": "alpha", "status": "ACTIVE", "serviceCount": 0}));
    let renamed = ProviderEvent::ProviderRenamed { name: "beta".to_owned() };
    shop.record("provider", alpha.0, &[renamed, balance(dec!(3))]).await;
    shop.record("provider", alpha.0, &[ProviderEvent::ProviderDeactivated {}]).await;
    assert_eq!(changed().await, json!({"name": "beta", "status": "INACTIVE", "serviceCount": 0}));
    shop.record("provider", alpha.0, &[ProviderEvent::ProviderDeleted {}]).await;
    assert_eq!(changed().await["status"], "INACTIVE");
}

#[tokio::test]
async fn orders_that_are_followed_are_named_by_ids() {
    let shop = Installation::start().await;
    let mut socket = Socket::open(shop.listen().await).await;
    for ids in [json!([]), json!(["x"]), json!(vec![Uuid::now_v7(); 1001])] {
        socket.subscribe("1", ORDERS, json!({"ids": ids})).await;
        let answer = socket.hear().await;
        let error = match answer["type"].as_str().unwrap() {
            "next" => &answer["payload"]["errors"][0],
            _ => &answer["payload"][0],
        };
        assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{answer}");
        assert_eq!(error["extensions"]["field"], "ids");
        if answer["type"] == "next" {
            assert_eq!(socket.hear().await, json!({"type": "complete", "id": "1"}));
        }
    }
}
