//! One of three providers dies under a hundred orders a second, and comes back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::stream::{FuturesUnordered, StreamExt};
use signalbox::simulator::{Action, Fault, FaultRule, Latency, PanelConfig};
use sqlx::PgPool;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{dead, occurs, start};
use crate::support::{
    running::Running,
    shop::{Census, Shop, assert_gapless},
};

/// Between two orders.
const PACE: Duration = Duration::from_millis(10);

/// Orders at a steady pace until told to end; returns how many.
async fn customers(running: &Running, shop: &Shop, end: &CancellationToken) -> usize {
    let (mut orders, begun) = (FuturesUnordered::new(), Instant::now());
    let mut ordered = 0;
    while !end.is_cancelled() || !orders.is_empty() {
        tokio::select! {
            () = sleep_until(begun + PACE * ordered), if !end.is_cancelled() => {
                ordered += 1;
                let link = format!("https://social.example/p/{ordered}");
                orders.push(running.place(shop.order(&link)));
            }
            Some(_) = orders.next() => {}
            () = end.cancelled(), if !end.is_cancelled() => {}
        }
    }
    usize::try_from(ordered).unwrap()
}

/// Lets the first panel die and come back; returns when it was alive again.
async fn die_and_come_back(running: &Running, shop: &Shop) -> DateTime<Utc> {
    let journal = running.database.pool();
    sleep(Duration::from_secs(1)).await;
    // Some take the order and break off before they say so.
    let breaks = FaultRule::on(Action::Add, Fault::Reset).times(3).after();
    shop.panels[0].set_faults([vec![breaks], dead()].concat());
    occurs(running, journal, "ProbeFailed", 2).await;
    shop.panels[0].clear_faults();
    let alive = Utc::now();
    occurs(running, journal, "ProviderResumed", 1).await;
    sleep(Duration::from_millis(500)).await;
    alive
}

/// Attempts begun while the provider was set aside: there, and everywhere.
async fn attempts_while_set_aside(journal: &PgPool, provider: &str) -> (i64, i64) {
    sqlx::query_as(
        "with stretches as (
             select position as since, (
                 select min(position) from events ended
                 where ended.aggregate_id = $1 and ended.position > suspended.position
                   and ended.event_type in ('ProviderHalfOpened', 'ProviderResumed')
             ) as until
             from events suspended
             where aggregate_id = $1 and event_type = 'ProviderSuspended'
         )
         select count(*) filter (where payload ->> 'provider_id' = $1), count(*)
         from events, stretches
         where event_type = 'AttemptStarted' and position > since and position < until",
    )
    .bind(provider)
    .fetch_one(journal)
    .await
    .unwrap()
}

/// How often it was asked in vain between a moment and its return to work.
async fn asked_in_vain(journal: &PgPool, alive: DateTime<Utc>) -> i64 {
    sqlx::query_scalar(
        "select count(*)
         from events
         where event_type = 'ProbeFailed' and recorded_at > $1
           and position < (
               select min(position) from events where event_type = 'ProviderResumed' and recorded_at > $1
           )",
    )
    .bind(alive)
    .fetch_one(journal)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_provider_loses_and_doubles_nothing_and_is_back_within_one_probe() {
    let running = start().await;
    let habits = || PanelConfig {
        latency: Latency { base_ms: 20, jitter_ms: 30 },
        ..PanelConfig::default()
    };
    let shop = Shop::open_with(&running, vec![habits(), habits(), habits()]).await;
    let (journal, end) = (running.database.pool(), CancellationToken::new());
    let dying = async {
        let alive = die_and_come_back(&running, &shop).await;
        end.cancel();
        alive
    };
    let (orders, alive) = tokio::join!(customers(&running, &shop, &end), dying);
    running.all_at_rest().await;

    let census = shop.census(journal).await;
    assert!(census.in_doubt <= 3, "{census:?}");
    let placed = orders - census.in_doubt;
    assert_eq!(census, Census { placed, failed: 0, ..census });
    assert_gapless(journal).await;
    let (there, everywhere) = attempts_while_set_aside(journal, &shop.providers[0]).await;
    assert!(everywhere > 50, "{everywhere}");
    assert_eq!(there, 0, "of {everywhere} attempts after the trip");
    assert_eq!(asked_in_vain(journal, alive).await, 0, "back at the first probe");
    running.stop().await;
}
