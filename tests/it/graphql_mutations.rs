//! What clients change, and that the answer already shows it.

use rust_decimal::dec;
use serde_json::{Value, json};
use signalbox::domain::service::{Pricing, ServiceEvent};
use uuid::Uuid;

use crate::{
    graphql_facts::{provider, service},
    graphql_installation::Installation,
};

const ADD: &str = "mutation ($input: AddProviderInput!) {
    addProvider(input: $input) { position provider { id name apiUrl apiKeyHint priority status } }
}";

fn panel(name: &str) -> Value {
    json!({"input": {"name": name, "apiUrl": "https://1.1.1.1/api/v2", "apiKey": "secret-key-0042"}})
}

async fn added(shop: &Installation, name: &str) -> String {
    let data = shop.data(ADD, panel(name)).await;
    data["addProvider"]["provider"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn added_provider_is_in_the_answer_and_its_key_is_not() {
    let shop = Installation::start().await;
    let payload = shop.data(ADD, panel("Alpha")).await["addProvider"].clone();
    let (found, position) = (&payload["provider"], payload["position"].as_str().unwrap());
    assert_eq!(
        *found,
        json!({
            "id": found["id"], "name": "Alpha", "apiUrl": "https://1.1.1.1/api/v2", "apiKeyHint": "0042",
            "priority": 1, "status": "ACTIVE"
        })
    );
    let head: i64 = sqlx::query_scalar("select position from journal_head")
        .fetch_one(shop.pool())
        .await
        .unwrap();
    assert_eq!(position, head.to_string());
    let written: Vec<String> = sqlx::query_scalar("select payload::text from events")
        .fetch_all(shop.pool())
        .await
        .unwrap();
    assert!(!written.concat().contains("secret-key"));
}

#[tokio::test]
async fn changes_that_are_refused_have_a_code() {
    let shop = Installation::start().await;
    let id = added(&shop, "Alpha").await;
    let unknown = Uuid::now_v7().to_string();
    let toggle = "mutation ($id: ID!) { toggleProviderStatus(id: $id) { position } }";
    let private = json!({"input": {"name": "B", "apiUrl": "http://127.0.0.1/", "apiKey": "k"}});
    let place = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { position } }";
    let nothing = json!({"input": {"serviceId": unknown, "link": "a", "quantity": 10}});
    for (mutation, variables, code) in [
        (ADD, panel("ALPHA"), json!({"code": "CONFLICT"})),
        (ADD, private, json!({"code": "INVALID_INPUT", "field": "apiUrl"})),
        (toggle, json!({"id": unknown}), json!({"code": "NOT_FOUND"})),
        (place, nothing, json!({"code": "NOT_FOUND"})),
    ] {
        assert_eq!(shop.refusal(mutation, variables).await, code);
    }
    let rename = "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { provider { name } } }";
    let data = shop.data(rename, json!({"input": {"id": id, "name": "Beta"}})).await;
    assert_eq!(data["updateProvider"]["provider"]["name"], "Beta");
}

#[tokio::test]
async fn providers_are_switched_and_deleted() {
    let shop = Installation::start().await;
    let (first, second) = (added(&shop, "first").await, added(&shop, "second").await);
    let several = "mutation ($ids: [ID!]!) {
        setProviderStatus(ids: $ids, status: INACTIVE) { providers { id status } }
        toggleProviderStatus(id: \"ID\") { provider { status } }
        deleteProvider(id: \"ID\") { deletedId }
    }";
    let data = shop
        .data(&several.replace("ID\")", &format!("{first}\")")), json!({"ids": [second, first]}))
        .await;
    assert_eq!(
        data,
        json!({
            "setProviderStatus": {"providers": [
                {"id": second, "status": "INACTIVE"},
                {"id": first, "status": "INACTIVE"},
            ]},
            "toggleProviderStatus": {"provider": {"status": "ACTIVE"}},
            "deleteProvider": {"deletedId": first},
        })
    );
    let left = shop.data("{ providers { id } }", json!({})).await;
    assert_eq!(left["providers"], json!([{"id": second}]));
}

#[tokio::test]
async fn services_are_changed_and_mapped() {
    let shop = Installation::start().await;
    let (alpha, beta) = (provider(&shop, "alpha", 1).await, provider(&shop, "beta", 2).await);
    let likes = service(&shop, alpha, 1, "Likes").await.to_string();
    let backup = service(&shop, beta, 2, "Likes too").await;
    let priced = ServiceEvent::ServicePriceSet { pricing: Pricing::Fixed(dec!(3)), price: dec!(3) };
    shop.record("service", backup.0, &[priced]).await;
    let backup = backup.to_string();

    let change = "mutation ($ids: [ID!]!, $patch: ServicePatch!, $map: MapServiceInput!) {
        updateServices(ids: $ids, patch: $patch) { services { number enabled price category } }
        mapService(input: $map) { service { backups { priority backup { number } } } }
    }";
    let variables = json!({
        "ids": [backup, likes],
        "patch": {"enabled": false, "markupPercent": "50", "category": "Mine"},
        "map": {"serviceId": likes, "backupServiceId": backup, "priority": 3},
    });
    let data = shop.data(change, variables).await;
    let patched =
        |number| json!({"number": number, "enabled": false, "price": "1.35", "category": "Mine"});
    assert_eq!(data["updateServices"]["services"], json!([patched(2), patched(1)]));
    let mapping = json!({"backups": [{"priority": 3, "backup": {"number": 2}}]});
    assert_eq!(data["mapService"]["service"], mapping);

    let take_back = "mutation ($service: ID!, $backup: ID!, $alpha: ID!) {
        unmapService(serviceId: $service, backupServiceId: $backup) { service { backups { priority } } }
        retireServices(providerId: $alpha) { services { number enabled } }
    }";
    let variables = json!({"service": likes, "backup": backup, "alpha": alpha.to_string()});
    let data = shop.data(take_back, variables).await;
    assert_eq!(data["unmapService"]["service"]["backups"], json!([]));
    assert_eq!(data["retireServices"]["services"], json!([{"number": 1, "enabled": false}]));
}

#[tokio::test]
async fn placed_order_is_in_the_answer_and_the_same_key_answers_the_same_order() {
    let shop = Installation::start().await;
    let alpha = provider(&shop, "alpha", 1).await;
    let likes = service(&shop, alpha, 1, "Likes").await.to_string();
    let place = "mutation ($input: PlaceOrderInput!) {
        placeOrder(input: $input) { position order { id number status link quantity charge service { number } } }
    }";
    let request = |quantity| {
        let input = json!({
            "serviceId": likes, "link": "https://example.com/p/1", "quantity": quantity, "idempotencyKey": "k1"
        });
        json!({"input": input})
    };
    let payload = shop.data(place, request(2000)).await["placeOrder"].clone();
    assert_eq!(payload["order"]["charge"], "2.2");
    assert_eq!(payload["order"]["service"]["number"], 1);
    let again = shop.data(place, request(2000)).await["placeOrder"].clone();
    assert_eq!(again["order"]["id"], payload["order"]["id"]);
    assert_eq!(shop.refusal(place, request(3000)).await, json!({"code": "CONFLICT"}));
    let too_few = json!({"input": {"serviceId": likes, "link": "a", "quantity": 1}});
    let refusal = shop.refusal(place, too_few).await;
    assert_eq!(refusal, json!({"code": "INVALID_INPUT", "field": "quantity"}));
}
