//! A clock that steps back: the journal's last event lies in the database's future.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{
    api::{PLACE, until},
    running::Running,
    shop::{Census, Shop, assert_gapless},
};

/// Makes the journal end so far in the future.
async fn set_ahead(journal: &PgPool, ahead: &str) {
    sqlx::query("update journal_head set recorded_at = clock_timestamp() + $1::interval")
        .bind(ahead)
        .execute(journal)
        .await
        .unwrap();
}

async fn times(journal: &PgPool) -> Vec<bool> {
    sqlx::query_scalar(
        "select recorded_at >= lag(recorded_at, 1, '-infinity') over (order by position) from events",
    )
    .fetch_all(journal)
    .await
    .unwrap()
}

#[tokio::test]
async fn small_step_back_makes_time_stand_still_and_nothing_fails() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    set_ahead(running.database.pool(), "5 s").await;
    let order = running.place(shop.order("https://social.example/p/1")).await;
    running.order_at_rest(&order).await;
    assert!(times(running.database.pool()).await.into_iter().all(|monotone| monotone));
    running.stop().await;
}

#[tokio::test]
async fn large_step_back_refuses_orders_until_the_clock_is_right_again() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let journal = running.database.pool();
    set_ahead(journal, "26 hours").await;
    let input = json!({"input": shop.order("https://social.example/p/1")});
    let refusal = running.refusal(PLACE, input.clone()).await;
    assert_eq!(refusal["extensions"]["code"], "UNAVAILABLE");
    let message = refusal["message"].as_str().unwrap();
    assert!(message.contains("clock is 1 day 01:59:5"), "{message}");
    let readiness = running.readiness().await;
    assert_eq!(readiness["journal"]["ok"], false, "{readiness}");
    assert_eq!(shop.asked(), [0]);

    set_ahead(journal, "-1 s").await;
    until("it is ready again", async || running.readiness().await["ready"] == true).await;
    running.order_at_rest(&running.place(input["input"].clone()).await).await;
    assert_eq!(shop.census(journal).await, Census { placed: 1, ..Census::default() });
    assert_gapless(journal).await;
    assert!(times(journal).await.into_iter().all(|monotone| monotone));
    running.stop().await;
}

#[tokio::test]
async fn operator_can_accept_a_journal_that_ends_in_the_future() {
    let running = Running::start().await;
    let shop = Shop::open(&running, 1).await;
    let journal = running.database.pool();
    set_ahead(journal, "26 hours").await;
    let input = json!({"input": shop.order("https://social.example/p/1")});
    running.refusal(PLACE, input.clone()).await;
    let name = running.database.options().get_database().unwrap().to_owned();
    let accept = format!("alter database {name} set signalbox.clock_tolerance = '2 days'");
    sqlx::query(&accept).execute(journal).await.unwrap();
    until("it is ready again", async || running.readiness().await["ready"] == true).await;
    running.order_at_rest(&running.place(input["input"].clone()).await).await;
    assert!(times(journal).await.into_iter().all(|monotone| monotone));
    running.stop().await;
}
