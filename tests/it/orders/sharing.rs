//! Which of several candidates an order goes to first.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signalbox::domain::routing::Strategy;

use crate::support::{running::Running, shop::Shop};

const PATCH: &str = "mutation($ids: [ID!]!, $patch: ServicePatch!) {
    updateServices(ids: $ids, patch: $patch) { services { strategy effectiveStrategy } } }";

/// Lets all panels but the first be of one tier.
async fn one_tier(running: &Running, shop: &Shop) {
    let backups = "query($id: ID!) { service(id: $id) { backups { backup { id } } } }";
    let found = running.data(backups, json!({"id": shop.service})).await;
    let map = "mutation($input: MapServiceInput!) { mapService(input: $input) { position } }";
    for backup in found["service"]["backups"].as_array().unwrap() {
        let input = json!({"serviceId": shop.service, "backupServiceId": backup["backup"]["id"], "priority": 1});
        running.data(map, json!({"input": input})).await;
    }
    let update =
        "mutation($input: UpdateProviderInput!) { updateProvider(input: $input) { position } }";
    for provider in &shop.providers {
        running.data(update, json!({"input": {"id": provider, "priority": 1}})).await;
    }
}

fn first_decision(order: &Value) -> Value {
    order["attempts"][0]["decision"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_of_one_tier_share_what_the_primary_cannot_take() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 3).await;
    one_tier(&running, &shop).await;
    let toggle = "mutation($id: ID!) { toggleProviderStatus(id: $id) { position } }";
    running.data(toggle, json!({"id": shop.providers[0]})).await;
    let mut asked = BTreeSet::new();
    for number in 0..24 {
        let link = format!("https://social.example/p/{number}");
        let order = running.order_at_rest(&running.place(shop.order(&link)).await).await;
        let decision = first_decision(&order);
        let shares: Vec<&Value> =
            decision["candidates"].as_array().unwrap().iter().map(|c| &c["share_ppm"]).collect();
        assert_eq!(shares, [&Value::Null, &json!(500_000), &json!(500_000)], "{decision}");
        asked.insert(order["provider"]["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(asked, BTreeSet::from(["panel 2".to_owned(), "panel 3".to_owned()]));
    let held = shop.held();
    assert!(held[0] == 0 && held[1] >= 4 && held[2] >= 4, "{held:?}");
    let rankings = "query($id: ID!) { providerRankings(serviceId: $id) { reasons } }";
    let ranked = running.data(rankings, json!({"id": shop.service})).await;
    let reasons = ranked["providerRankings"][0]["reasons"].as_array().unwrap();
    assert!(
        reasons.contains(&json!("takes 50 % of the orders of its tier, by score")),
        "{reasons:?}"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn service_without_a_strategy_has_the_installations() {
    let running = Running::start_with(|config| config.default_strategy = Strategy::BestScore).await;
    let shop = Shop::open(&running, 2).await;
    let place = async |number: u32| {
        let link = format!("https://social.example/p/{number}");
        let order = running.order_at_rest(&running.place(shop.order(&link)).await).await;
        first_decision(&order)["strategy"].clone()
    };
    let set = async |strategy: Value| {
        let patch = json!({"ids": [shop.service], "patch": {"strategy": strategy}});
        running.data(PATCH, patch).await["updateServices"]["services"][0].clone()
    };
    assert_eq!(place(1).await, "BEST_SCORE");
    let own = json!({"strategy": "PRIORITY", "effectiveStrategy": "PRIORITY"});
    assert_eq!(set(json!("PRIORITY")).await, own);
    assert_eq!(place(2).await, "PRIORITY");
    let default = json!({"strategy": null, "effectiveStrategy": "BEST_SCORE"});
    assert_eq!(set(Value::Null).await, default);
    assert_eq!(place(3).await, "BEST_SCORE");
    running.stop().await;
}
