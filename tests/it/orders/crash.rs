//! Kills without warning, of the program and of its database.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use signalbox::{
    postgres::PrivatePostgres,
    simulator::{Action, Fault, FaultRule, Latency, PanelConfig},
};
use sqlx::{ConnectOptions, PgPool};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::failover::refuse;
use crate::support::{
    api::{Api, PLACE, until},
    program::Program,
    shop::{Shop, assert_gapless},
};

const KILLS: usize = 20;
/// Every so manieth kill is one of the database.
const DATABASE_EVERY: usize = 5;
const CUSTOMERS: usize = 64;

/// Links of the orders that were acknowledged, by the ids that were answered.
type Acknowledged = Arc<Mutex<BTreeMap<String, String>>>;

fn open_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

/// Some refusals, and some calls that break after the panel took the order.
fn habits() -> PanelConfig {
    PanelConfig { latency: Latency { base_ms: 50, jitter_ms: 250 }, ..PanelConfig::default() }
}

fn misbehave(shop: &Shop) {
    let reset = || FaultRule::on(Action::Add, Fault::Reset).share(0.02).after();
    shop.panels[0].set_faults(vec![refuse("Not enough funds on balance").share(0.3), reset()]);
    shop.panels[1].set_faults(vec![refuse("Rate limit exceeded").share(0.3), reset()]);
}

/// Orders one thing after another, so that one of this customer's orders is under way at most times.
struct Customer {
    number: usize,
    api: Api,
    shop: Arc<Shop>,
    acknowledged: Acknowledged,
    end: CancellationToken,
}

impl Customer {
    async fn order_on(self) {
        for order in 0.. {
            self.order(&format!("https://social.example/{}/{order}", self.number)).await;
            if self.end.is_cancelled() {
                return;
            }
            sleep(Duration::from_millis(fastrand::u64(50..300))).await;
        }
    }

    /// Half of the customers repeat an order by its key until it is acknowledged; the others never know what became of
    /// one that was not.
    async fn order(&self, link: &str) {
        let mut input = self.shop.order(link);
        let repeats = self.number.is_multiple_of(2);
        if repeats {
            input["idempotencyKey"] = json!(link);
        }
        loop {
            let answer = self.api.try_ask(PLACE, json!({"input": input.clone()})).await;
            let answer = answer.unwrap_or_default();
            if let Some(id) = answer["data"]["placeOrder"]["order"]["id"].as_str() {
                self.acknowledged.lock().unwrap().insert(id.to_owned(), link.to_owned());
                return;
            }
            sleep(Duration::from_millis(50)).await;
            if !repeats || self.end.is_cancelled() {
                return;
            }
        }
    }
}

/// Kills it; returns once it has recovered.
async fn kill_database(data: &Path, postgres: &PrivatePostgres) {
    let file = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    let postmaster = file.lines().next().unwrap().parse().unwrap();
    kill(Pid::from_raw(postmaster), Signal::SIGKILL).unwrap();
    until("the database is back", async || postgres.options().connect().await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_with_64_orders_in_flight_lose_none_and_place_none_twice() {
    let folder = open_folder();
    let database = folder.path().join("database");
    let postgres = PrivatePostgres::start(&database).await.unwrap();
    let mut program = Program::start(&folder.path().join("program"), &postgres.url());
    program.dispatches("here").await;
    let api = program.api();
    let shop = Arc::new(Shop::open_with(&api, vec![habits(), habits(), habits()]).await);
    misbehave(&shop);
    let (acknowledged, end) = (Acknowledged::default(), CancellationToken::new());
    let mut customers = JoinSet::new();
    for number in 0..CUSTOMERS {
        let (api, shop) = (api.clone(), Arc::clone(&shop));
        let (acknowledged, end) = (Arc::clone(&acknowledged), end.clone());
        customers.spawn(Customer { number, api, shop, acknowledged, end }.order_on());
    }
    for number in 1..=KILLS {
        program.dispatches("here").await;
        sleep(Duration::from_millis(fastrand::u64(0..600))).await;
        match number % DATABASE_EVERY {
            0 => kill_database(&database, &postgres).await,
            _ => program.kill_and_restart(),
        }
    }
    program.dispatches("here").await;
    end.cancel();
    customers.join_all().await;
    api.all_at_rest().await;

    let journal = PgPool::connect_with(postgres.options()).await.unwrap();
    let census = shop.census(&journal).await;
    assert_eq!(census.failed, 0, "{census:?}");
    assert_gapless(&journal).await;
    every_acknowledged_order_is_on_record_once(&journal, &acknowledged).await;
    only_what_was_cut_off_is_in_doubt(&journal).await;
    assert!(program.terminate().await);
    journal.close().await;
    postgres.stop().await;
}

async fn every_acknowledged_order_is_on_record_once(journal: &PgPool, acknowledged: &Acknowledged) {
    let known: Vec<(String, String)> = sqlx::query_as(
        "select aggregate_id, payload ->> 'link' from events where event_type = 'OrderPlaced'",
    )
    .fetch_all(journal)
    .await
    .unwrap();
    let links: BTreeSet<&String> = known.iter().map(|(_, link)| link).collect();
    assert_eq!(links.len(), known.len(), "an order was taken twice");
    let known: BTreeMap<&String, &String> = known.iter().map(|(id, link)| (id, link)).collect();
    let acknowledged = acknowledged.lock().unwrap();
    for (id, link) in acknowledged.iter() {
        assert_eq!(known.get(id), Some(&link), "an acknowledged order was lost");
    }
    assert!(acknowledged.len() > KILLS * CUSTOMERS / 4, "{} orders", acknowledged.len());
}

async fn only_what_was_cut_off_is_in_doubt(journal: &PgPool) {
    let reasons: Vec<String> = sqlx::query_scalar(
        "select distinct payload ->> 'reason' from events where event_type = 'AttemptInDoubt'",
    )
    .fetch_all(journal)
    .await
    .unwrap();
    for reason in &reasons {
        let cut_off = ["the program ended before", "the connection broke before"];
        assert!(cut_off.iter().any(|known| reason.starts_with(known)), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_database_leaves_no_order_in_doubt() {
    let folder = open_folder();
    let database = folder.path().join("database");
    let postgres = PrivatePostgres::start(&database).await.unwrap();
    let program = Program::start(&folder.path().join("program"), &postgres.url());
    program.dispatches("here").await;
    let api = program.api();
    let shop = Shop::open_with(&api, vec![habits(), habits()]).await;
    shop.panels[0].set_faults(vec![refuse("Not enough funds on balance").share(0.5)]);
    for burst in 0..2 {
        let links = (0..CUSTOMERS).map(|number| format!("https://social.example/{burst}/{number}"));
        // Unacknowledged ones may be on record all the same.
        let orders = links.map(|link| json!({"input": shop.order(&link)}));
        let placed = join_all(orders.map(|order| api.try_ask(PLACE, order)));
        let killed = async {
            sleep(Duration::from_millis(150 * (burst + 1))).await;
            kill_database(&database, &postgres).await;
        };
        tokio::join!(placed, killed);
    }
    until("all is well again", async || api.readiness().await["ready"] == true).await;
    api.all_at_rest().await;
    let journal = PgPool::connect_with(postgres.options()).await.unwrap();
    let census = shop.census(&journal).await;
    assert_eq!((census.in_doubt, census.failed), (0, 0), "{census:?}");
    assert!(program.terminate().await);
    journal.close().await;
    postgres.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_process_takes_over_when_the_first_is_killed() {
    let folder = open_folder();
    let postgres = PrivatePostgres::start(&folder.path().join("database")).await.unwrap();
    let mut first = Program::start(&folder.path().join("first"), &postgres.url());
    first.dispatches("here").await;
    let second = Program::start(&folder.path().join("second"), &postgres.url());
    second.dispatches("elsewhere").await;
    let (api, spare) = (first.api(), second.api());
    let shop = Shop::open_with(&api, vec![habits(), habits()]).await;
    shop.panels[0].set_latency(Latency { base_ms: 1500, jitter_ms: 0 });
    for number in 0..10 {
        api.place(shop.order(&format!("https://social.example/first/{number}"))).await;
        spare.place(shop.order(&format!("https://social.example/second/{number}"))).await;
    }
    first.kill();
    second.dispatches("here").await;
    spare.all_at_rest().await;
    let after = spare.place(shop.order("https://social.example/after")).await;
    assert_eq!(spare.order_at_rest(&after).await["status"], "PENDING");
    let journal = PgPool::connect_with(postgres.options()).await.unwrap();
    let census = shop.census(&journal).await;
    assert_eq!((census.placed + census.in_doubt, census.failed), (21, 0), "{census:?}");
    assert!(second.terminate().await);
    journal.close().await;
    postgres.stop().await;
}
