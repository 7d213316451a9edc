//! The program is killed again and again while orders wait for one another.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{assert_one_by_one, stays};
use crate::{
    status_poll::{panel, refresh_all},
    support::{
        api::{Api, PATIENCE, PLACE, until_within},
        shop::{Shop, assert_gapless},
        site::Site,
    },
};

/// For how long a provider may still take an attempt, and so nobody may say that it did not.
const WINDOW: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_let_no_two_orders_on_one_link_overlap_and_strand_none() {
    let site = Site::open().await;
    let mut program = site.start(&[]).await;
    let api = program.api();
    let shop = Shop::open_with(&api, vec![panel(100, 100)]).await;
    for round in 0..10 {
        program.dispatches("here").await;
        let places = (0..4).map(|n| {
            let link = format!("https://social.example/p/{}", n % 2);
            let mut input = shop.order(&link);
            input["idempotencyKey"] = json!(format!("{round} {n}"));
            let api = &api;
            async move { api.try_ask(PLACE, json!({"input": input})).await }
        });
        join_all(places).await;
        refresh_all(&api).await;
        sleep(Duration::from_millis(fastrand::u64(0..300))).await;
        program.kill_and_restart();
    }
    program.dispatches("here").await;
    // What was on its way when the program died is in the panel's books by then, or never will be.
    sleep(Duration::from_secs(2)).await;
    until_within(WINDOW + PATIENCE, "nobody waits any more", async || {
        refresh_all(&api).await;
        let left =
            "{ orders(filter: {status: [QUEUED, PENDING, IN_PROGRESS]}, first: 1) { totalCount }
            doubt: orders(filter: {status: [IN_DOUBT]}, first: 100) { nodes { id link attempts { number } } } }";
        let left = api.data(left, json!({})).await;
        // Who is in doubt holds its link; an operator looks into the panel's own books.
        for doubt in left["doubt"]["nodes"].as_array().unwrap() {
            settle_by_the_books(&api, &shop, doubt).await;
        }
        left["orders"]["totalCount"] == 0
    })
    .await;
    let journal = site.pool();
    assert_one_by_one(&stays(&journal).await);
    assert_gapless(&journal).await;
    journal.close().await;
    assert!(program.terminate().await);
    site.close().await;
}

/// Says which of the panel's orders on the link is the one in doubt: the only one that no other order claims, or none.
async fn settle_by_the_books(api: &Api, shop: &Shop, doubt: &Value) {
    let claimed = "{ orders(first: 100) { nodes { apiOrderId } } }";
    let claimed = api.data(claimed, json!({})).await;
    let claimed = claimed["orders"]["nodes"].as_array().unwrap();
    let is_claimed = |id: &str| claimed.iter().any(|order| order["apiOrderId"] == id);
    let there = shop.panels[0].orders().into_iter().rev();
    let unclaimed = there
        .filter(|order| Some(order.link.as_str()) == doubt["link"].as_str())
        .map(|order| order.id.to_string())
        .find(|id| !is_claimed(id));
    let decision = if unclaimed.is_some() { "PLACED" } else { "NOT_PLACED" };
    let (order, attempt) =
        (doubt["id"].as_str().unwrap(), doubt["attempts"].as_array().unwrap().len());
    api.settle_attempt(order, attempt, decision, unclaimed.as_deref()).await;
}
