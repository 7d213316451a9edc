//! What is measured of providers becomes their score, and the score the order in which they are tried.

use std::time::Duration;

use serde_json::json;
use signalbox::simulator::{Action, Fault, FaultRule};

use crate::{
    remainders::ending,
    status_poll::{panel, quick},
    support::{api::until, running::Running, shop::Shop},
};

#[tokio::test]
async fn provider_that_refuses_most_orders_is_not_tried_first_where_the_best_score_is() {
    let running =
        Running::start_with(|config| config.ranking_pace = Duration::from_millis(100)).await;
    let shop = Shop::open(&running, 2).await;
    let service = shop.order("-")["serviceId"].clone();
    let poor = Fault::Refuse("Not enough funds on balance".to_owned());
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, poor)]);
    for number in 0..20 {
        let link = format!("https://social.example/p/{number}");
        running.order_at_rest(&running.place(shop.order(&link)).await).await;
    }
    let rankings = "{ providerRankings { score provider { name } } }";
    until("what was measured shows", async || {
        let ranked = running.data(rankings, json!({})).await["providerRankings"].clone();
        let score = |rank: usize| ranked[rank]["score"].as_f64().unwrap();
        ranked[0]["provider"]["name"] == "panel 1" && score(0) < 0.5 && score(1) > 0.85
    })
    .await;
    assert_eq!(shop.asked(), [20, 20], "by priority the first is tried each time");

    let strategy = "mutation($ids: [ID!]!, $patch: ServicePatch!) {
        updateServices(ids: $ids, patch: $patch) { services { strategy } } }";
    let best = json!({"ids": [service], "patch": {"strategy": "BEST_SCORE"}});
    running.data(strategy, best).await;
    let id = running.place(shop.order("https://social.example/p/best")).await;
    let order = running.order_at_rest(&id).await;
    assert_eq!(shop.asked(), [20, 21]);
    let decision = &order["attempts"][0]["decision"];
    assert_eq!(decision["strategy"], "BEST_SCORE");
    let scores = decision["candidates"].as_array().unwrap().iter();
    let scores: Vec<i64> =
        scores.map(|candidate| candidate["score_ppm"].as_i64().unwrap()).collect();
    assert!(scores[0] > scores[1] && scores[1] < 500_000, "{scores:?}");
    running.stop().await;
}

#[tokio::test]
async fn delivered_share_of_ended_orders_counts() {
    let running =
        Running::start_with(|config| config.ranking_pace = Duration::from_millis(100)).await;
    let shop = Shop::open(&running, 1).await;
    let mut ids = vec![];
    for number in 0..3 {
        let link = format!("https://social.example/p/{number}");
        let id = running.place(shop.order(&link)).await;
        running.order_at_rest(&id).await;
        ids.push(id);
    }
    let there: Vec<u64> = shop.panels[0].orders().iter().map(|order| order.id).collect();
    for (order, word) in there.iter().zip(["Completed", "Canceled", "In progress"]) {
        shop.panels[0].say_of_order(*order, Some(word));
    }
    let refresh = "mutation($ids: [ID!]!) { refreshOrders(ids: $ids) { position } }";
    running.data(refresh, json!({"ids": ids})).await;
    let rankings = "{ providerRankings { reasons } }";
    until("what was delivered shows", async || {
        let ranked = running.data(rankings, json!({})).await;
        let reasons = ranked["providerRankings"][0]["reasons"].as_array().unwrap().clone();
        reasons.contains(&json!("delivered 50.0 % of 2 orders that ended in 30 days"))
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn provider_that_delivers_parts_ranks_below_one_that_delivers_all() {
    let running = Running::start_with(|config| {
        quick(config);
        config.ranking_pace = Duration::from_millis(100);
    })
    .await;
    let shop = Shop::open_with(&running, vec![ending(1.0, 0.0), panel(1, 1)]).await;
    for name in ["first", "second"] {
        for number in 0..6 {
            let link = format!("https://social.example/{name}/{number}");
            running.order_at_rest(&running.place(shop.order(&link)).await).await;
        }
        let toggle = "mutation($id: ID!) { toggleProviderStatus(id: $id) { position } }";
        running.data(toggle, json!({"id": shop.providers[0]})).await;
    }
    assert_eq!(shop.held(), [6, 6]);
    let delivered = shop.panels[0].orders().into_iter().map(|order| {
        let delivered = order.quantity - order.remains;
        delivered as f64 / order.quantity as f64
    });
    let share = 100.0 * delivered.sum::<f64>() / 6.0;
    assert!(share > 1.0 && share < 99.0, "{share}");
    let rankings = "{ providerRankings { score reasons } }";
    until("what was delivered shows", async || {
        let ranked = running.data(rankings, json!({})).await["providerRankings"].clone();
        let delivers = |rank: usize, share: f64| {
            let words = format!("delivered {share:.1} % of 6 orders that ended in 30 days");
            ranked[rank]["reasons"].as_array().unwrap().contains(&json!(words))
        };
        let score = |rank: usize| ranked[rank]["score"].as_f64().unwrap();
        delivers(0, share) && delivers(1, 100.0) && score(0) < score(1)
    })
    .await;
    running.stop().await;
}
