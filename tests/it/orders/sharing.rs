//! Which of several candidates an order goes to first.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use signalbox::{
    domain::routing::Strategy,
    simulator::{Action, Fault, FaultRule},
};
use uuid::Uuid;

use crate::support::{api::until, running::Running, shop::Shop};

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

/// Lets the first panel rest, so that its backups take all orders.
async fn without_the_primary(running: &Running, shop: &Shop) {
    let toggle = "mutation($id: ID!) { toggleProviderStatus(id: $id) { position } }";
    running.data(toggle, json!({"id": shop.providers[0]})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_of_one_tier_share_what_the_primary_cannot_take() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 3).await;
    one_tier(&running, &shop).await;
    without_the_primary(&running, &shop).await;
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

/// A candidate of a decision, by its provider.
fn candidate<'a>(decision: &'a Value, provider: &str) -> &'a Value {
    let mut candidates = decision["candidates"].as_array().unwrap().iter();
    candidates.find(|candidate| candidate["provider_id"] == provider).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_of_one_tier_are_tried_first_in_proportion_to_what_was_measured_of_them() {
    let running =
        Running::start_with(|config| config.ranking_pace = Duration::from_millis(100)).await;
    let shop = Shop::open(&running, 3).await;
    one_tier(&running, &shop).await;
    without_the_primary(&running, &shop).await;
    let poor = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[2].set_faults(vec![FaultRule::on(Action::Add, poor)]);
    // The same keys give the same ids of orders, and these the same lots, whenever this test runs.
    let place = async |round: &str, number: u32| {
        let name = format!("{round}/{number}");
        let mut input = shop.order(&format!("https://social.example/{name}"));
        input["idempotencyKey"] = json!(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()));
        running.place(input).await
    };
    for number in 0..40 {
        place("measured", number).await;
    }
    let rankings = "{ providerRankings { score provider { id } } }";
    until("what was measured shows", async || {
        let ranked = running.data(rankings, json!({})).await["providerRankings"].clone();
        let mut ranked = ranked.as_array().unwrap().iter();
        let poor = ranked.find(|ranked| ranked["provider"]["id"] == shop.providers[2]).unwrap();
        poor["score"].as_f64().unwrap() < 0.5
    })
    .await;

    let mut orders = vec![];
    for number in 0..200 {
        orders.push(place("shared", number).await);
    }
    running.all_at_rest().await;
    let (mut expected, mut variance, mut first) = (0.0, 0.0, 0);
    for id in orders {
        let order = running.order(&id).await;
        let decision = first_decision(&order);
        let (good, poor) =
            (candidate(&decision, &shop.providers[1]), candidate(&decision, &shop.providers[2]));
        let score = |candidate: &Value| candidate["score_ppm"].as_f64().unwrap();
        let share = score(poor) / (score(good) + score(poor));
        let drawn_from = poor["share_ppm"].as_f64().unwrap() / 1e6;
        assert!((share - drawn_from).abs() < 1e-5 && share < 0.35, "{decision}");
        expected += share;
        variance += share * (1.0 - share);
        first += i32::from(order["attempts"][0]["provider"]["name"] == "panel 3");
    }
    // Five standard deviations: one run in a million of other lots would be outside.
    let bound = 5.0 * f64::sqrt(variance);
    assert!((f64::from(first) - expected).abs() < bound, "{first}, and {expected:.1} ± {bound:.1}");
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
