//! Several processes on one database: one dispatches.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use signalbox::{
    process::DispatchStatus,
    simulator::{Latency, Panel, PanelConfig},
};
use tokio::time::sleep;

use super::failover::refuse;
use crate::support::{
    api::{PLACE, until},
    running::Running,
    shop::{Census, Shop},
};

async fn two() -> (Running, Running) {
    let first = Running::start().await;
    let second = Running::start_beside(Arc::clone(&first.database), |_| {}).await;
    let elsewhere = |status: &DispatchStatus| *status == DispatchStatus::ElsewhereDispatched;
    second.app.dispatching().wait_for(elsewhere).await.unwrap();
    (first, second)
}

async fn place_everywhere(shop: &Shop, at: &[&Running], name: &str) {
    let orders = (0..40).map(|number| {
        let link = format!("https://social.example/{name}/{number}");
        at[number % at.len()].place(shop.order(&link))
    });
    join_all(orders).await;
}

#[tokio::test]
async fn one_process_dispatches_what_both_take_and_the_other_takes_over() {
    let (first, second) = two().await;
    assert_eq!(first.readiness().await["dispatching"], "here");
    let readiness = second.readiness().await;
    assert_eq!(
        (&readiness["dispatching"], &readiness["ready"]),
        (&"elsewhere".into(), &true.into())
    );
    let shop = Shop::open(&first, 2).await;
    until("the second knows the service", async || {
        second.app.commands().catalogue().read(|known| known.position)
            >= first.app.commands().catalogue().read(|known| known.position)
    })
    .await;
    place_everywhere(&shop, &[&first, &second], "both").await;
    second.all_at_rest().await;

    shop.panels[0].set_latency(Latency { base_ms: 300, jitter_ms: 300 });
    place_everywhere(&shop, &[&first, &second], "handed-over").await;
    first.stop().await;
    second.dispatches().await;
    assert_eq!(second.readiness().await["dispatching"], "here");
    place_everywhere(&shop, &[&second], "second").await;
    second.all_at_rest().await;
    let census = shop.census(second.database.pool()).await;
    assert_eq!(census, Census { placed: 120, ..Census::default() });
    second.stop().await;
}

/// Cuts the first process off from its lock, again and again, until the second has it.
async fn take_the_lock_away(second: &Running) {
    until("the second has the lock", async || {
        if *second.app.dispatching().borrow() == DispatchStatus::Dispatching {
            return true;
        }
        sqlx::query(
            "select pg_terminate_backend(pid)
             from pg_locks join pg_stat_activity using (pid)
             where locktype = 'advisory'
               and application_name = 'signalbox dispatcher'
               and datname = current_database()",
        )
        .execute(second.database.pool())
        .await
        .unwrap();
        sleep(Duration::from_millis(100)).await;
        false
    })
    .await;
}

fn slow(panel: &Panel, ms: u64) {
    panel.set_latency(Latency { base_ms: ms, jitter_ms: 0 });
}

#[tokio::test]
async fn answers_that_come_after_a_takeover_are_recorded_and_followed() {
    let first =
        Running::start_with(|config| config.call_limits.add = Duration::from_secs(20)).await;
    let second = Running::start_beside(Arc::clone(&first.database), |_| {}).await;
    let panels = vec![PanelConfig::default(), PanelConfig::default()];
    let shop = Shop::open_with(&first, panels).await;
    slow(&shop.panels[0], 8000);
    let taken = first.place(shop.order("https://social.example/taken")).await;
    until("the panel has the call", async || shop.asked()[0] == 1).await;
    shop.panels[0].set_faults(vec![refuse("Ordering is disabled")]);
    let refused = first.place(shop.order("https://social.example/refused")).await;
    until("the panel has both calls", async || shop.asked()[0] == 2).await;
    take_the_lock_away(&second).await;
    until("both are in doubt", async || {
        second.order(&taken).await["status"] == "IN_DOUBT"
            && second.order(&refused).await["status"] == "IN_DOUBT"
    })
    .await;
    until("the late answers are followed", async || {
        second.order(&taken).await["status"] == "PENDING"
            && second.order(&refused).await["status"] == "PENDING"
    })
    .await;
    assert_eq!(second.order(&taken).await["provider"]["name"], "panel 1");
    assert_eq!(second.order(&refused).await["provider"]["name"], "panel 2");
    let census = shop.census(second.database.pool()).await;
    assert_eq!(census, Census { placed: 2, ..Census::default() });
    first.stop().await;
    second.stop().await;
}

/// Lets the read model take no more rows.
async fn stop_the_read_model_of_orders(running: &Running) {
    let schema: String =
        sqlx::query_scalar("select schemaname from pg_tables where tablename = 'orders'")
            .fetch_one(running.database.pool())
            .await
            .unwrap();
    let full =
        format!("alter table {schema}.orders add constraint full_up check (false) not valid");
    sqlx::query(&full).execute(running.database.pool()).await.unwrap();
}

#[tokio::test]
async fn order_is_taken_over_also_while_the_read_model_of_orders_stands_still() {
    let wait = Duration::from_secs(3);
    let running = Running::start_with(|config| {
        (config.pace.busy_link, config.pace.busy_link_at_most) = (wait, wait);
    })
    .await;
    let shop = Shop::open(&running, 1).await;
    stop_the_read_model_of_orders(&running).await;
    shop.panels[0].set_faults(vec![refuse("neworder.error.link_duplicate").times(1)]);
    let order = json!({"input": shop.order("https://social.example/p/1")});
    // It stands, and cannot be read.
    let answer = running.ask(PLACE, order).await;
    assert!(answer.get("errors").is_some(), "{answer}");
    let stopped = |model: &Value| model["name"] == "orders" && model["ok"] == false;
    let readiness = running.readiness().await;
    assert!(readiness["projections"].as_array().unwrap().iter().any(stopped), "{readiness}");
    let database = running.stop().await;
    assert_eq!((shop.asked(), shop.held()), (vec![1], vec![0]));
    let running = Running::start_on(database).await;
    until("the order is at the panel", async || shop.held() == [1]).await;
    running.stop().await;
}
