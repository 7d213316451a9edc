//! Syncs that are disturbed: by another sync, by a change of the provider, by the end of the program.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use serde_json::{Value, json};
use signalbox::{
    command::{CompleteList, TakenOver},
    domain::{ProviderId, ServiceId, sync::SyncCounts},
    simulator::{Action, Fault, FaultRule, Panel},
};
use sqlx::PgPool;
use tokio::{runtime::Runtime, time::sleep};

use crate::support::{
    api::{Api, until},
    catalogue::{
        count_events, counts, generated_panel, panel, plain_rows, services, sync, sync_accepting,
        sync_refused,
    },
    database::TestDatabase,
    running::Running,
};

const DELETE: &str = "mutation($id: ID!) { deleteProvider(id: $id) { position } }";
const RETIRE: &str = "mutation($id: ID!) { retireServices(providerId: $id) { position } }";
const PATIENCE: Duration = Duration::from_secs(30);

fn answers_late(panel: &Panel) {
    panel.set_faults(vec![FaultRule::on(Action::Services, Fault::SlowMs(700))]);
}

/// Waits until a statement counts more than so many.
async fn counted(pool: &PgPool, count: &str, more_than: i64) {
    let patience = Instant::now() + PATIENCE;
    loop {
        let counted: i64 = sqlx::query_scalar(count).fetch_one(pool).await.unwrap();
        if counted > more_than {
            return;
        }
        assert!(Instant::now() < patience, "{counted} after {PATIENCE:?}: {count}");
        sleep(Duration::from_millis(10)).await;
    }
}

const IMPORTED: &str = "select count(*) from events where event_type = 'ServiceImported'";
const ENDED: &str =
    "select count(*) from events where event_type in ('SyncCompleted', 'SyncFailed')";

#[tokio::test]
async fn second_sync_of_a_provider_is_refused_while_the_first_runs() {
    let running = Running::start().await;
    let (one, two) = (panel(plain_rows(5)).await, panel(plain_rows(5)).await);
    let first = running.add_panel("first", &one, 1).await;
    let other = running.add_panel("other", &two, 1).await;
    answers_late(&one);
    let later = async {
        sleep(Duration::from_millis(300)).await;
        // Other providers are not concerned.
        (sync_refused(&running, &first).await, sync(&running, &other).await)
    };
    let (run, (refused, others)) = tokio::join!(sync(&running, &first), later);
    assert_eq!(counts(&run), [5, 0, 0, 0], "{run}");
    assert_eq!(counts(&others), [5, 0, 0, 0], "{others}");
    assert_eq!(refused["extensions"]["code"], "CONFLICT", "{refused}");
    assert_eq!(counts(&sync(&running, &first).await), [0, 0, 0, 5]);
    assert_eq!(count_events(&running, &["SyncStarted"]).await, 3);
    running.stop().await;
}

#[tokio::test]
async fn provider_stays_while_its_first_services_come_in() {
    let running = Running::start().await;
    let panel = panel(plain_rows(5)).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    answers_late(&panel);
    let delete = async {
        sleep(Duration::from_millis(300)).await;
        running.refusal(DELETE, json!({"id": provider})).await
    };
    let (run, refused) = tokio::join!(sync(&running, &provider), delete);
    assert_eq!((&run["succeeded"], counts(&run)), (&json!(true), [5, 0, 0, 0]), "{run}");
    assert_eq!(refused["extensions"]["code"], "CONFLICT", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("sync"), "{refused}");
    assert_eq!(services(&running, &provider).await.len(), 5);
    running.stop().await;
}

#[tokio::test]
async fn provider_deleted_by_another_process_during_a_run_gets_no_services() {
    let running = Running::start().await;
    let other = Running::start_beside(Arc::clone(&running.database), |_| {}).await;
    let panel = panel(plain_rows(5)).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    answers_late(&panel);
    let delete = async {
        sleep(Duration::from_millis(300)).await;
        other.data(DELETE, json!({"id": provider})).await
    };
    let (run, _) = tokio::join!(sync(&running, &provider), delete);
    assert_eq!((&run["succeeded"], counts(&run)), (&json!(false), [0; 4]), "{run}");
    assert_eq!(run["errors"], json!(["there is no such provider"]));
    assert_eq!(count_events(&running, &["ServiceImported"]).await, 0);
    other.stop().await;
    running.stop().await;
}

#[tokio::test]
async fn services_retired_during_a_run_do_not_fail_it() {
    let running = Running::start().await;
    let panel = panel(plain_rows(5)).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    sync(&running, &provider).await;
    running.data(RETIRE, json!({"id": provider})).await;
    let id: ProviderId = provider.parse().unwrap();
    let missing = (1..=5).map(|service| ServiceId::derive(id, &service.to_string())).collect();
    let mut found = TakenOver::default();
    let list = CompleteList { asked_at: Utc::now(), rows: vec![], missing };
    let taken = running.app.commands().take_over_list(id, list, &mut found).await;
    assert!(taken.is_ok(), "{taken:?}");
    assert_eq!(found.counts, SyncCounts::default());
    assert_eq!(count_events(&running, &["ServiceDelisted"]).await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_cut_off_by_a_stop_says_how_far_it_came_and_the_next_one_goes_on() {
    let running = Running::start().await;
    let panel = generated_panel(3000, 5).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    let run = tokio::spawn({
        let (api, provider) = (Api::clone(&running), provider.clone());
        async move {
            let sync =
                "mutation($id: ID!) { syncProviderServices(id: $id) { syncLog { succeeded } } }";
            api.ask(sync, json!({"id": provider})).await
        }
    });
    counted(running.database.pool(), IMPORTED, 0).await;
    let database = running.stop().await;
    run.await.unwrap();
    let running = Running::start_on(database).await;
    let before = count_events(&running, &["ServiceImported"]).await;
    assert!(before < 3000, "the sync was over before the stop");
    let log = last_run(&running).await;
    assert_eq!((&log["succeeded"], counts(&log)[0]), (&json!(false), before), "{log}");
    let run = sync(&running, &provider).await;
    assert_eq!(counts(&run), [3000 - before, 0, 0, before], "{run}");
    running.stop().await;
}

async fn last_run(running: &Running) -> Value {
    let log = "{ syncLogs(first: 1) { nodes {
        imported updated delisted unchanged errors succeeded finishedAt } } }";
    running.data(log, json!({})).await["syncLogs"]["nodes"][0].clone()
}

#[test]
fn sync_killed_half_way_is_closed_as_failed_at_the_next_start() {
    let (outside, inside) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let panel = outside.block_on(generated_panel(5000, 5));
    let database = Arc::new(outside.block_on(TestDatabase::create()));
    let running = inside.block_on(Running::start_on(database));
    let provider = inside.block_on(running.add_panel("Peak", &panel, 1));
    let operations = running.app.operations().clone();
    let id: ProviderId = provider.parse().unwrap();
    inside.spawn(async move { operations.sync(id, signalbox::process::Delisting::Guarded).await });
    outside.block_on(counted(running.database.pool(), IMPORTED, 500));
    let Running { app, database, .. } = running;
    // All tasks end where they are, and all connections with them, as in a process that is killed.
    inside.shutdown_timeout(Duration::from_secs(10));
    drop(app);
    outside.block_on(async {
        let running = Running::start_on(database).await;
        counted(running.database.pool(), ENDED, 0).await;
        let log = loop {
            let log = last_run(&running).await;
            if !log["succeeded"].is_null() {
                break log;
            }
            sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(log["succeeded"], false, "{log}");
        assert_eq!(log["errors"], json!(["the program ended during the run"]));
        assert_ne!(log["finishedAt"], Value::Null);
        let before = count_events(&running, &["ServiceImported"]).await;
        assert!((500..5000).contains(&before), "{before}");
        assert_eq!(before % 250, 0, "a chunk was imported in part");
        let run = sync(&running, &provider).await;
        assert_eq!(counts(&run), [5000 - before, 0, 0, before], "{run}");
        running.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn run_whose_connections_break_ends_and_leaves_nothing_in_half() {
    let running = Running::start().await;
    let panel = generated_panel(2000, 5).await;
    let provider = running.add_panel("Peak", &panel, 1).await;
    let cut = async {
        counted(running.database.pool(), IMPORTED, 0).await;
        for _ in 0..2 {
            let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and application_name like 'signalbox%'";
            let cut: i64 =
                sqlx::query_scalar(cut).fetch_one(running.database.pool()).await.unwrap();
            assert!(cut > 0);
            sleep(Duration::from_millis(200)).await;
        }
    };
    let ask = running.ask(
        "mutation($id: ID!) { syncProviderServices(id: $id) { syncLog { succeeded } } }",
        json!({"id": provider}),
    );
    let ends = async {
        tokio::time::timeout(PATIENCE, ask).await.expect("an answer in time");
        counted(running.database.pool(), ENDED, 0).await;
    };
    tokio::join!(cut, ends);
    assert_eq!(count_events(&running, &["SyncCompleted", "SyncFailed"]).await, 1);
    running.dispatches().await;
    // One that begins before the loss of the old tenure is noticed is closed by the new one.
    until("a sync that nobody disturbs", async || {
        let run = sync_accepting(&running, &provider).await;
        run["succeeded"] == true && counts(&run)[0] + counts(&run)[3] == 2000
    })
    .await;
    assert_eq!(services(&running, &provider).await.len(), 2000);
    running.stop().await;
}
