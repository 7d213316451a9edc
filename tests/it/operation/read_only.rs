//! A database that has become read-only.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Executor, postgres::PgConnectOptions};
use tokio::time::sleep;

use super::measures::Measures;
use crate::support::{
    api::{PLACE, until},
    running::Running,
    shop::{Census, Shop, assert_gapless},
};

async fn execute(options: PgConnectOptions, statement: &str) {
    let mut connection = options.connect().await.unwrap();
    connection.execute(statement).await.unwrap();
    connection.close().await.unwrap();
}

async fn refused_order(running: &Running, shop: &Shop) -> Value {
    let input = json!({"input": shop.order("https://social.example/p/refused")});
    running.refusal(PLACE, input).await
}

#[tokio::test]
async fn read_only_database_refuses_orders_and_answers_queries_until_it_is_writable_again() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let before = running.place(shop.order("https://social.example/p/before")).await;
    running.order_at_rest(&before).await;
    let options = running.database.options();
    let name = options.get_database().unwrap().to_owned();
    let read_only = format!("alter database {name} set default_transaction_read_only = on");
    execute(options.clone(), &read_only).await;
    // As after a failover to a standby: every session is a new one.
    let others = "select pg_terminate_backend(pid) from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid()";
    execute(options.clone(), others).await;
    // An appender that has been idle for so long does not trust its connection.
    sleep(Duration::from_millis(700)).await;

    let mut refusal = Value::Null;
    until("the refusal names the reason", async || {
        refusal = refused_order(&running, &shop).await;
        refusal["message"].as_str().is_some_and(|message| message.contains("read-only"))
    })
    .await;
    assert_eq!(refusal["extensions"]["code"], "UNAVAILABLE", "{refusal}");
    assert_eq!(running.order(&before).await["status"], "PENDING");
    let probe = running.get("/readyz").await;
    assert_eq!(probe.status(), StatusCode::SERVICE_UNAVAILABLE);
    let journal = running.readiness().await["journal"].clone();
    assert_eq!(journal["ok"], false);
    assert!(journal["reason"].as_str().unwrap().contains("read-only"), "{journal}");
    assert_eq!(Measures::of(&running).await.get("signalbox_journal_ready", &[]), 0.0);

    let writable = options.options([("default_transaction_read_only", "off")]);
    let reset = format!("alter database {name} reset default_transaction_read_only");
    execute(writable.clone(), &reset).await;
    execute(writable, others).await;
    // Without anybody asking for an append.
    until("it is ready again", async || running.readiness().await["ready"] == true).await;
    running.dispatches().await;
    let after = running.place(shop.order("https://social.example/p/after")).await;
    running.order_at_rest(&after).await;
    let journal = running.database.pool();
    assert_eq!(shop.census(journal).await, Census { placed: 2, ..Census::default() });
    assert_gapless(journal).await;
    running.stop().await;
}
