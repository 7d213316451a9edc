//! One of three providers dies under a hundred orders a second, in one way or another, and comes back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use signalbox::{
    domain::provider::{BackOff, CONCURRENT_CALLS},
    simulator::{Action, Fault, FaultRule, Latency, PanelConfig},
};
use sqlx::PgPool;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{dead, impatient, occurs, policy};
use crate::support::{
    door::Door,
    running::Running,
    shop::{Census, Shop, assert_gapless},
};

/// Between two orders.
const PACE: Duration = Duration::from_millis(10);
/// Orders a second that have to be on record for a test to say anything.
const LEAST_LOAD: f64 = 80.0;

/// How a provider dies.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// Breaks off a few answers, and then wants no orders.
    SaysNo,
    /// Answers every call with HTTP 500, some after it has taken the order.
    Errors,
    /// Nobody listens any more.
    Closes,
    /// Takes every call and answers none, some after it has taken the order.
    Hangs,
}

/// The first panel of a shop, and the way to it.
struct Mortal<'a> {
    running: &'a Running,
    shop: &'a Shop,
    door: Door,
}

impl<'a> Mortal<'a> {
    async fn first_of(shop: &'a Shop, running: &'a Running) -> Self {
        let door = Door::before(&shop.panels[0]).await;
        let update =
            "mutation($i: UpdateProviderInput!) { updateProvider(input: $i) { position } }";
        let input = json!({"id": shop.providers[0], "apiUrl": door.url()});
        running.data(update, json!({"i": input})).await;
        Self { running, shop, door }
    }

    fn die(&self, death: Death) {
        let taken = |fault: Fault| FaultRule::on(Action::Add, fault).times(3).after();
        let faults = match death {
            Death::SaysNo => [vec![taken(Fault::Reset)], dead()].concat(),
            Death::Errors => {
                vec![taken(Fault::ServerError), FaultRule::everywhere(Fault::ServerError)]
            }
            Death::Hangs => vec![taken(Fault::Silent), FaultRule::everywhere(Fault::Silent)],
            Death::Closes => return self.door.close(),
        };
        self.shop.panels[0].set_faults(faults);
    }

    async fn come_back(&self, death: Death) {
        match death {
            Death::Closes => self.door.open_again().await,
            Death::SaysNo | Death::Errors | Death::Hangs => self.shop.panels[0].clear_faults(),
        }
    }

    /// Dies under orders, and comes back between two probes; returns when.
    async fn die_and_come_back(&self, death: Death) -> DateTime<Utc> {
        let journal = self.running.database.pool();
        sleep(Duration::from_secs(1)).await;
        self.die(death);
        occurs(self.running, journal, "ProbeFailed", 2).await;
        sleep(policy().first_pause.to_std().unwrap()).await;
        self.come_back(death).await;
        let alive = Utc::now();
        occurs(self.running, journal, "ProviderResumed", 1).await;
        sleep(Duration::from_millis(500)).await;
        alive
    }
}

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

/// Orders a second that came to be on record.
async fn load(journal: &PgPool) -> f64 {
    sqlx::query_scalar(
        "select (count(*) / extract(epoch from max(recorded_at) - min(recorded_at)))::float8
         from events
         where event_type = 'OrderPlaced'",
    )
    .fetch_one(journal)
    .await
    .unwrap()
}

/// Attempts begun between the trip and the provider's first trial: there, and everywhere.
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

/// How many orders a provider took after a moment, and when the first of them.
async fn taken_since(
    journal: &PgPool,
    provider: &str,
    alive: DateTime<Utc>,
) -> (i64, DateTime<Utc>) {
    sqlx::query_as(
        "select count(*), min(recorded_at)
         from events
         where event_type = 'AttemptPlaced' and payload ->> 'provider_id' = $1 and recorded_at > $2",
    )
    .bind(provider)
    .bind(alive)
    .fetch_one(journal)
    .await
    .unwrap()
}

/// The longest that the policy leaves between two probes.
fn probe_interval() -> TimeDelta {
    BackOff { policy: policy(), random: u32::MAX }.pause(i32::MAX)
}

/// Lets a provider die so, and holds everything against the books but what is in doubt; returns how much that is.
async fn in_doubt_after(death: Death) -> usize {
    let running = Running::start_with(|config| {
        impatient(config);
        config.call_limits.add = Duration::from_millis(500);
        config.call_limits.balance = Duration::from_millis(200);
    })
    .await;
    let habits = || PanelConfig {
        latency: Latency { base_ms: 20, jitter_ms: 30 },
        ..PanelConfig::default()
    };
    let shop = Shop::open_with(&running, vec![habits(), habits(), habits()]).await;
    let mortal = Mortal::first_of(&shop, &running).await;
    let (journal, end) = (running.database.pool(), CancellationToken::new());
    let dying = async {
        let alive = mortal.die_and_come_back(death).await;
        end.cancel();
        alive
    };
    let (orders, alive) = tokio::join!(customers(&running, &shop, &end), dying);
    running.all_at_rest().await;

    let load = load(journal).await;
    assert!(load >= LEAST_LOAD, "{load:.0} orders a second");
    let census = shop.census(journal).await;
    let placed = orders - census.in_doubt;
    assert_eq!(census, Census { placed, failed: 0, ..census });
    assert_gapless(journal).await;
    let (there, everywhere) = attempts_while_set_aside(journal, &shop.providers[0]).await;
    assert!(everywhere > 100, "{everywhere}");
    assert_eq!(there, 0, "of {everywhere} attempts after the trip");
    assert_eq!(asked_in_vain(journal, alive).await, 0, "back at the first probe");
    let (taken, first) = taken_since(journal, &shop.providers[0], alive).await;
    assert!(taken > 10, "{taken} orders after it was back");
    assert!(first - alive <= probe_interval(), "{} after {death:?}", first - alive);
    running.stop().await;
    println!("{death:?}: {load:.0} orders a second, {census:?}, back after {}", first - alive);
    census.in_doubt
}

/// Most orders that can be on their way when a provider begins to fail, and those that it takes to see that.
fn under_way() -> usize {
    usize::try_from(CONCURRENT_CALLS).unwrap() + policy().failures_in_a_row
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_that_says_no_loses_and_doubles_nothing_and_is_back_within_one_probe() {
    let broken_off = in_doubt_after(Death::SaysNo).await;
    assert!(broken_off <= 3, "{broken_off}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_that_answers_500_loses_and_doubles_nothing_and_is_back_within_one_probe() {
    let held = in_doubt_after(Death::Errors).await;
    assert!((policy().failures_in_a_row..=under_way()).contains(&held), "{held}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_that_is_gone_loses_and_doubles_nothing_and_is_back_within_one_probe() {
    let cut_off = in_doubt_after(Death::Closes).await;
    assert!(cut_off <= under_way(), "{cut_off}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provider_that_hangs_loses_and_doubles_nothing_and_is_back_within_one_probe() {
    let held = in_doubt_after(Death::Hangs).await;
    assert!((policy().failures_in_a_row..=under_way()).contains(&held), "{held}");
}
