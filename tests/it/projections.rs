//! The runner folds every event exactly once, whatever happens to it.

use std::{collections::BTreeMap, time::Duration};

use signalbox::{
    domain::Position,
    projection::{ModelSet, Projections, ReadModel, ReadModels, WaitError, rebuild},
};
use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    projections_history::History,
    support::{api::until, database::TestDatabase},
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A runner that stops when this is dropped.
pub(crate) struct Running {
    pub(crate) projections: Projections,
    pub(crate) head: watch::Sender<Position>,
    _stop: DropGuard,
}

impl Running {
    pub(crate) async fn start(database: &TestDatabase, models: impl Into<ModelSet>) -> Self {
        let (head, told) = watch::channel(Position::default());
        let shutdown = CancellationToken::new();
        let pool = PgPool::connect_lazy_with(database.options());
        let projections = Projections::start(pool, models, told, shutdown.clone()).await.unwrap();
        Self { projections, head, _stop: shutdown.drop_guard() }
    }

    pub(crate) async fn caught_up(&self, position: Position) {
        self.projections.wait_for(position, PATIENCE).await.unwrap();
    }
}

/// Every row of every table of a schema, as text.
pub(crate) async fn contents(pool: &PgPool, schema: &str) -> BTreeMap<String, Vec<String>> {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = $1")
            .bind(schema)
            .fetch_all(pool)
            .await
            .unwrap();
    let mut contents = BTreeMap::new();
    for table in tables {
        let rows = format!("select row::text from {schema}.{table} as row order by 1");
        let rows = sqlx::query_scalar(&rows).fetch_all(pool).await.unwrap();
        contents.insert(table, rows);
    }
    contents
}

/// The live tables of each model hold what a rebuild from zero would give.
async fn assert_as_rebuilt(pool: &PgPool, models: &[ReadModel]) {
    for model in models {
        rebuild(pool, model, "rebuilt", 5_000).await.unwrap();
        let (live, rebuilt) =
            (contents(pool, &model.schema()).await, contents(pool, "rebuilt").await);
        assert!(!rebuilt.is_empty());
        assert_eq!(live, rebuilt, "{}", model.name());
    }
}

/// A model that counts events and takes its time, so that there is a time to interrupt it.
pub(crate) fn slow_counter() -> ReadModel {
    ReadModel::new(
        "slow_counts",
        "create table slow_counts (position bigint primary key);
         create function fold(after_position bigint, upto_position bigint) returns void
         language plpgsql as $$
         begin
             insert into slow_counts
             select position from events
             where position > after_position and position <= upto_position;
             perform pg_sleep(0.02);
         end
         $$;",
    )
}

/// A model that cannot fold one event while the table `faults` names it.
pub(crate) fn faulty(position: i64) -> ReadModel {
    let sql = format!(
        "create table public.faults as select {position}::bigint as position;
         create table fine_events (position bigint primary key);
         create function fold(after_position bigint, upto_position bigint) returns void
         language sql as $$
             insert into fine_events
             select position / (case when position in (select position from faults) then 0 else 1 end)
             from events
             where position > after_position and position <= upto_position
         $$;"
    );
    ReadModel::new("fine_events", &sql)
}

#[tokio::test]
async fn rows_are_the_same_for_every_size_of_batch() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut history = History::new(9, 4_000);
    history.assert_complete();
    history.append_all(pool).await;
    for model in ReadModels::embedded() {
        for (schema, batch) in [("whole", 5_000), ("by_seven", 7), ("one_by_one", 1)] {
            rebuild(pool, &model, schema, batch).await.unwrap();
        }
        let whole = contents(pool, "whole").await;
        assert!(whole.values().all(|rows| !rows.is_empty()), "{}", model.name());
        assert_eq!(contents(pool, "by_seven").await, whole, "{}", model.name());
        assert_eq!(contents(pool, "one_by_one").await, whole, "{}", model.name());
    }
}

#[tokio::test]
async fn live_equals_rebuilt_however_often_the_runner_is_restarted() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let models = ReadModels::embedded();
    let mut history = History::new(3, 4_000);
    let mut end = Position::default();
    while history.goes_on() {
        let running = Running::start(&database, models.clone()).await;
        for _ in 0..20 {
            end = history.append(pool, fastrand::usize(1..30)).await;
            running.head.send_replace(end);
            sleep(Duration::from_millis(fastrand::u64(0..4))).await;
        }
    }
    Running::start(&database, models.clone()).await.caught_up(end).await;
    assert_as_rebuilt(pool, &models).await;
}

#[tokio::test]
async fn connection_killed_in_the_middle_of_a_fold_loses_and_doubles_nothing() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let models = [ReadModels::embedded(), vec![slow_counter()]].concat();
    let mut history = History::new(4, 4_000);
    let running = Running::start(&database, models.clone()).await;
    let (mut end, mut killed) = (Position::default(), 0);
    while history.goes_on() {
        end = history.append(pool, 50).await;
        running.head.send_replace(end);
        let victims: Vec<bool> = sqlx::query_scalar(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state = 'active'
                 and query like '%.fold(%'",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        killed += victims.len();
        sleep(Duration::from_millis(fastrand::u64(0..40))).await;
    }
    running.caught_up(end).await;
    assert!(killed > 3, "only {killed} were killed");
    assert!(running.projections.status().iter().all(|model| model.stopped.is_none()));
    assert_as_rebuilt(pool, &models).await;
}

/// A model that notes which session folded it.
fn folded_by(name: &'static str) -> ReadModel {
    let sql = "create table folds (upto bigint, pid integer);
         create function fold(after_position bigint, upto_position bigint) returns void
         language sql as 'insert into folds values (upto_position, pg_backend_pid())';";
    ReadModel::new(name, sql)
}

/// Returns the sessions that folded what follows a position, once all has been folded without anybody waiting for it.
async fn folding_sessions(
    running: &Running,
    pool: &PgPool,
    after: Position,
    end: Position,
) -> Vec<i32> {
    running.head.send_replace(end);
    until("all is folded", async || {
        running.projections.status().iter().all(|model| model.position >= end)
    })
    .await;
    let mut sessions = vec![];
    for model in [folded_by("first"), folded_by("second")] {
        let folds = format!("select distinct pid from {}.folds where upto > $1", model.schema());
        let pids: Vec<i32> =
            sqlx::query_scalar(&folds).bind(after.0).fetch_all(pool).await.unwrap();
        sessions.extend(pids);
    }
    sessions
}

#[tokio::test]
async fn models_are_folded_in_one_session_while_nobody_waits_and_in_a_new_one_after_it_is_lost() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let running = Running::start(&database, vec![folded_by("first"), folded_by("second")]).await;
    let mut history = History::new(5, 200);
    let mut end = Position::default();
    let mut session = None;
    for _ in 0..3 {
        let after = end;
        end = history.append(pool, 10).await;
        let sessions = folding_sessions(&running, pool, after, end).await;
        let first = *session.get_or_insert(sessions[0]);
        assert_eq!(sessions, [first; 2]);
    }
    sqlx::query("select pg_terminate_backend($1)").bind(session).execute(pool).await.unwrap();
    let after = end;
    end = history.append(pool, 10).await;
    let sessions = folding_sessions(&running, pool, after, end).await;
    assert_eq!(sessions, [sessions[0]; 2]);
    assert_ne!(Some(sessions[0]), session);
}

#[tokio::test]
async fn broken_model_stops_alone_at_the_position_that_it_names_and_goes_on_once_repaired() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let models = [vec![faulty(1234)], ReadModels::embedded()].concat();
    let end = History::new(5, 3_000).append_all(pool).await;
    let running = Running::start(&database, models.clone()).await;
    running.caught_up(end).await;

    let mut progress = running.projections.subscribe();
    progress.wait_for(|models| models[0].stopped.is_some()).await.unwrap();
    let status = running.projections.status();
    assert_eq!(status[0].stopped.as_deref(), Some("position 1234: division by zero"));
    assert_eq!(status[0].position, Position(1233));
    assert!(status[1..].iter().all(|m| m.position == end && m.stopped.is_none()), "{status:?}");

    sqlx::query("delete from faults").execute(pool).await.unwrap();
    progress.wait_for(|models| models[0].position == end).await.unwrap();
    assert_eq!(running.projections.status()[0].stopped, None);
    let rows = &contents(pool, &models[0].schema()).await["fine_events"];
    assert_eq!(i64::try_from(rows.len()).unwrap(), end.0);
}

#[tokio::test]
async fn two_runners_at_once_share_the_work_and_install_once() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let models = [ReadModels::embedded(), vec![slow_counter()]].concat();
    let (one, other) = tokio::join!(
        Running::start(&database, models.clone()),
        Running::start(&database, models.clone())
    );
    let mut history = History::new(6, 3_000);
    let mut end = Position::default();
    while history.goes_on() {
        end = history.append(pool, 50).await;
        one.head.send_replace(end);
        other.head.send_replace(end);
        sleep(Duration::from_millis(1)).await;
    }
    one.caught_up(end).await;
    other.caught_up(end).await;
    for running in [one, other] {
        assert!(running.projections.status().iter().all(|model| model.stopped.is_none()));
    }
    assert_as_rebuilt(pool, &models).await;
}

#[tokio::test]
async fn changed_file_is_built_beside_the_old_one() {
    let database = TestDatabase::create().await;
    let end = History::new(7, 500).append_all(database.pool()).await;
    let old = slow_counter();
    let new = ReadModel::new(old.name(), &format!("{} -- a new thought", old.sql()));
    Running::start(&database, vec![old.clone()]).await.caught_up(end).await;
    Running::start(&database, vec![new.clone()]).await.caught_up(end).await;
    let (before, after) = (
        contents(database.pool(), &old.schema()).await,
        contents(database.pool(), &new.schema()).await,
    );
    assert_eq!(before["slow_counts"].len(), after["slow_counts"].len());
}

#[tokio::test]
async fn file_that_the_database_refuses_is_named() {
    let database = TestDatabase::create().await;
    let (_head, told) = watch::channel(Position::default());
    let models = vec![ReadModel::new("typo", "crate table typos ()")];
    let refused =
        Projections::start(database.pool().clone(), models, told, CancellationToken::new()).await;
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("correct projections/typo.sql"), "{words}");
}

#[tokio::test]
async fn append_is_seen_within_milliseconds_when_told_and_soon_when_not() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut history = History::new(8, 200);
    let end = history.append(pool, 50).await;
    let running = Running::start(&database, ReadModels::embedded()).await;
    running.caught_up(end).await;

    let mut lags = vec![];
    for _ in 0..20 {
        let end = history.append(pool, 1).await;
        let appended = Instant::now();
        running.head.send_replace(end);
        running.caught_up(end).await;
        lags.push(appended.elapsed());
    }
    lags.sort();
    println!("lag at rest: {:?} at the median, {:?} at the worst", lags[10], lags[19]);
    assert!(lags[10] < Duration::from_millis(100), "{lags:?}");

    let end = history.append(pool, 1).await;
    running.caught_up(end).await;
}

#[tokio::test]
async fn wait_ends_with_the_names_of_those_behind_or_with_the_runner() {
    let database = TestDatabase::create().await;
    let running = Running::start(&database, vec![slow_counter()]).await;
    let projections = running.projections.clone();
    let timed_out = projections.wait_for(Position(1), Duration::from_millis(10)).await;
    assert_eq!(
        timed_out.unwrap_err().to_string(),
        "the read models have not reached position 1 in time: slow_counts"
    );
    drop(running);
    assert_eq!(projections.wait_for(Position(1), PATIENCE).await, Err(WaitError::ShutDown));
}
