//! The program is killed again and again while remainders are ordered.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use super::{ending, input, open};
use crate::{
    status_poll::refresh_all,
    support::{
        api::{PLACE, until},
        shop::assert_gapless,
        site::Site,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_order_every_remainder_once() {
    let site = Site::open().await;
    let mut program = site.start(&[]).await;
    let api = program.api();
    let shop = open(&api, vec![ending(0.0, 1.0), ending(0.0, 0.0)]).await;
    let update = "mutation($ids: [ID!]!) {
        updateServices(ids: $ids, patch: {completeRemainder: true}) { position } }";
    api.data(update, json!({"ids": [shop.service]})).await;
    for round in 0..10 {
        program.dispatches("here").await;
        let places = (0..4).map(|n| {
            let mut input = input(&shop, &format!("https://social.example/{round}/{n}"));
            input["idempotencyKey"] = json!(format!("{round} {n}"));
            let api = &api;
            async move { api.try_ask(PLACE, json!({"input": input})).await }
        });
        join_all(places).await;
        let refreshing = async {
            loop {
                refresh_all(&api).await;
                sleep(Duration::from_millis(5)).await;
            }
        };
        let killed = Duration::from_millis(fastrand::u64(0..400));
        let _ = tokio::time::timeout(killed, refreshing).await;
        program.kill_and_restart();
    }
    program.dispatches("here").await;
    until("all that is not in doubt has ended", async || {
        refresh_all(&api).await;
        let left = "{ orders(filter: {status: [QUEUED, PENDING, IN_PROGRESS]}, first: 100) {
            nodes { children { status } } } }";
        let left = api.data(left, json!({})).await;
        // A parent of a remainder in doubt stays open.
        left["orders"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|order| order["children"][0]["status"] == "IN_DOUBT")
    })
    .await;
    let journal = site.pool();
    let (parents, children): (i64, i64) = sqlx::query_as(
        "select
             count(*) filter (where event_type = 'RemainderOrdered'),
             count(*) filter (where event_type = 'OrderPlaced' and payload ? 'remainder_of')
         from events",
    )
    .fetch_one(&journal)
    .await
    .unwrap();
    assert_eq!(parents, children);
    assert!(parents > 20, "{parents} remainders");
    let mut links: Vec<String> = shop.panels[1].orders().into_iter().map(|it| it.link).collect();
    let held = links.len();
    links.sort();
    links.dedup();
    assert_eq!(links.len(), held, "a remainder was placed twice");
    assert_gapless(&journal).await;
    journal.close().await;
    assert!(program.terminate().await);
    site.close().await;
}
