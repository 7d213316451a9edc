//! Ten thousand services in one go, and orders that do not notice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox::{
    projection::{ReadModels, rebuild},
    simulator::{Action, Panel},
};
use tokio::task::JoinHandle;

use crate::support::{
    catalogue::{
        count_events, count_service_events, counts, generated_panel, panel, place, plain_rows,
        service, sync,
    },
    database::TestDatabase,
    running::Running,
};

const MANY: usize = 10_000;

async fn timed_sync(running: &Running, provider: &str) -> (Value, Duration) {
    let begun = Instant::now();
    let run = sync(running, provider).await;
    (run, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_services_are_imported_and_the_same_list_again_says_nothing() {
    let running = Running::start().await;
    let panel = generated_panel(MANY, 7).await;
    let provider = running.add_panel("Large", &panel, 1).await;
    let (run, first) = timed_sync(&running, &provider).await;
    assert_eq!((counts(&run), &run["errors"]), ([10_000, 0, 0, 0], &json!([])), "{run}");
    assert_eq!(count_events(&running, &["ServiceImported"]).await, 10_000);
    assert_eq!(count_service_events(&running).await, 10_000);
    let (run, second) = timed_sync(&running, &provider).await;
    assert_eq!(counts(&run), [0, 0, 0, 10_000], "{run}");
    assert_eq!(count_service_events(&running).await, 10_000);
    println!("10,000 services: imported in {first:.1?}, unchanged in {second:.1?}");
    assert!(first < Duration::from_secs(60) && second < first, "{first:?}, then {second:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_do_not_wait_behind_a_sync() {
    let running = std::sync::Arc::new(Running::start().await);
    let shop = panel(plain_rows(3)).await;
    let (first, large) =
        (running.add_panel("Shop", &shop, 1).await, generated_panel(MANY, 7).await);
    sync(&running, &first).await;
    let ordered = service(&running, &first, 1).await["id"].clone();
    let provider = running.add_panel("Large", &large, 2).await;
    let syncing: JoinHandle<(Value, Duration)> = tokio::spawn({
        let (running, provider) = (std::sync::Arc::clone(&running), provider.clone());
        async move { timed_sync(&running, &provider).await }
    });
    while count_events(&running, &["ServiceImported"]).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let begun = Instant::now();
        let placed = place(&running, &ordered, &format!("https://social.example/p/{number}")).await;
        assert_eq!(placed["errors"], Value::Null, "{placed}");
        slowest = slowest.max(begun.elapsed());
    }
    let imported = count_events(&running, &["ServiceImported"]).await;
    let (run, whole) = syncing.await.unwrap();
    println!("20 orders during a sync of {whole:.1?}: the slowest took {slowest:.1?}");
    assert_eq!(counts(&run)[0], 10_000);
    assert!(imported < 10_000, "the sync was over before the orders were placed");
    assert!(slowest * 8 < whole, "an order took {slowest:?} of a sync of {whole:?}");
    wait_for_orders(&shop, 20).await;
    std::sync::Arc::into_inner(running).unwrap().stop().await;
}

/// A new installation has no statistics of its journal when its first catalogue is folded.
#[tokio::test]
async fn first_catalogue_is_folded_at_once() {
    let running = Running::start().await;
    let panel = generated_panel(4000, 7).await;
    let provider = running.add_panel("Large", &panel, 1).await;
    sync(&running, &provider).await;
    let events: String = sqlx::query_scalar("select json_agg(e)::text from events e")
        .fetch_one(running.database.pool())
        .await
        .unwrap();
    let fresh = TestDatabase::create().await;
    for statement in [
        "insert into events select * from json_populate_recordset(null::events, $1::json)",
        "update journal_head set position = (select max(position) from events) where $1 <> ''",
    ] {
        sqlx::query(statement).bind(&events).execute(fresh.pool()).await.unwrap();
    }
    let services = ReadModels::embedded().into_iter().find(|model| model.name() == "services");
    let begun = Instant::now();
    rebuild(fresh.pool(), &services.unwrap(), "rebuilt", 5000).await.unwrap();
    // 0.2 s; half a minute where the database compares each service with each.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    running.stop().await;
}

/// Waits until the panel holds so many orders.
async fn wait_for_orders(panel: &Panel, count: usize) {
    let patience = Instant::now() + Duration::from_secs(20);
    while panel.orders().len() < count {
        assert!(Instant::now() < patience, "{:?}", panel.state().requests.get(&Action::Add));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
