//! A swap is one moment: before it readers see the old tables, whole, and after it the new ones, whole.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use signalbox::{
    domain::Position,
    projection::{BuildStep, ProjectionError, ReadModel, ReadModels, Replay, search_path, sweep},
};
use sqlx::{Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use test_case::test_case;
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

use crate::{
    projections::{Running, contents, faulty},
    projections_history::History,
    support::database::TestDatabase,
};

fn model(name: &str) -> ReadModel {
    ReadModels::embedded().into_iter().find(|model| model.name() == name).unwrap()
}

/// Rebuilds and swaps in, without a word.
async fn replay(pool: &PgPool, model: &ReadModel) -> Position {
    Replay::begin(pool, model).await.unwrap().swap(|_| {}).await.unwrap()
}

/// Names of the schemas that rebuilds use while they run.
async fn leftovers(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select nspname::text from pg_namespace where nspname ~ '_(copy|former)$'
         union all
         select schema_name from projection_rebuilds",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Counts rows through one prepared statement until told to stop; the count may only grow.
async fn read_on(mut reader: PgConnection, least: i64, stop: Arc<AtomicBool>) -> u64 {
    let (mut seen, mut reads) = (least, 0);
    while !stop.load(Ordering::Relaxed) {
        let count: i64 = sqlx::query_scalar("select count(*) from orders where quantity > $1")
            .bind(0)
            .fetch_one(&mut reader)
            .await
            .unwrap();
        assert!(count >= seen, "{seen} orders, and then {count}");
        let joined: i64 =
            sqlx::query_scalar("select count(*) from orders join orders as same using (order_id)")
                .fetch_one(&mut reader)
                .await
                .unwrap();
        assert!(joined >= count, "{count} orders, and then {joined}");
        seen = joined;
        reads += 1;
    }
    reads
}

#[tokio::test]
async fn readers_with_prepared_statements_see_neither_nothing_nor_half_while_live_is_folded() {
    let database = TestDatabase::create().await;
    let mut history = History::new(31, 6_000);
    let mut end = history.append(database.pool(), 3_000).await;
    let models = ReadModels::embedded();
    let running = Running::start(&database, models.clone()).await;
    running.head.send_replace(end);
    running.caught_up(end).await;
    let path = search_path(&models);
    let options = database.options().options([("search_path", path.as_str())]);
    let readers = PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    let least =
        sqlx::query_scalar("select count(*) from orders").fetch_one(&readers).await.unwrap();
    assert!(least > 100, "{least} orders");

    let stop = Arc::new(AtomicBool::new(false));
    let mut reading = JoinSet::new();
    for _ in 0..4 {
        let reader = readers.acquire().await.unwrap().detach();
        reading.spawn(read_on(reader, least, Arc::clone(&stop)));
    }
    let orders = model("orders");
    let mut swaps = 0;
    while history.goes_on() || swaps < 5 {
        let appending = async {
            for _ in 0..5 {
                if history.goes_on() {
                    end = history.append(database.pool(), 60).await;
                    running.head.send_replace(end);
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::join!(replay(database.pool(), &orders), appending);
        swaps += 1;
    }
    stop.store(true, Ordering::Relaxed);
    let reads: u64 = reading.join_all().await.into_iter().sum();
    println!("{reads} reads during {swaps} swaps");

    running.caught_up(end).await;
    assert!(running.projections.status().iter().all(|model| model.stopped.is_none()));
    let verdict = Replay::begin(database.pool(), &orders).await.unwrap().verify(|_| {}).await;
    assert_eq!(verdict.unwrap().difference, None);
    assert_eq!(leftovers(database.pool()).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_others_may_read_they_may_read_after_a_swap() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let orders = model("orders");
    replay(pool, &orders).await;
    let schema = orders.schema();
    let grant = format!(
        "grant usage on schema {schema} to pg_monitor;
         grant select on {schema}.orders to pg_monitor, public"
    );
    pool.execute(grant.as_str()).await.unwrap();
    replay(pool, &orders).await;
    let rights: Vec<bool> = sqlx::query_scalar(
        "select unnest(array[
             has_schema_privilege('pg_monitor', $1, 'usage'),
             has_table_privilege('pg_monitor', $1 || '.orders', 'select'),
             has_table_privilege('pg_checkpoint', $1 || '.orders', 'select'),
             has_table_privilege('pg_monitor', $1 || '.orders', 'delete'),
             has_schema_privilege('pg_checkpoint', $1, 'usage')
         ])",
    )
    .bind(&schema)
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(rights, [true, true, true, false, false]);
}

#[test_case("copy"; "as a copy")]
#[test_case("former"; "as former tables")]
#[tokio::test]
async fn schema_that_no_rebuild_made_is_left_alone(ending: &str) {
    let database = TestDatabase::create().await;
    let orders = model("orders");
    let theirs = format!("{}_{ending}", orders.schema());
    let make = format!("create schema {theirs}; create table {theirs}.kept ();");
    database.pool().execute(make.as_str()).await.unwrap();
    let refused = Replay::begin(database.pool(), &orders).await.unwrap_err();
    assert!(
        matches!(&refused, ProjectionError::SchemaTaken { schema, .. } if *schema == theirs),
        "{refused}"
    );
    let kept = format!("select from {theirs}.kept");
    database.pool().execute(kept.as_str()).await.unwrap();
}

#[tokio::test]
async fn swap_waits_for_a_transaction_that_reads_by_an_older_snapshot() {
    let database = TestDatabase::create().await;
    let end = History::new(32, 800).append_all(database.pool()).await;
    let orders = model("orders");
    Running::start(&database, vec![orders.clone()]).await.caught_up(end).await;
    let count = format!("select count(*) from {}.orders", orders.schema());

    let mut reader = PgConnection::connect_with(&database.options()).await.unwrap();
    reader.execute("begin isolation level repeatable read").await.unwrap();
    let before: i64 = sqlx::query_scalar(&count).fetch_one(&mut reader).await.unwrap();
    let (told, mut steps) = mpsc::unbounded_channel();
    let replaying = Replay::begin(database.pool(), &orders).await.unwrap();
    let replaying = tokio::spawn(replaying.swap(move |step| told.send(step).unwrap()));
    while !matches!(steps.recv().await.unwrap(), BuildStep::WaitingForReaders(1..)) {}

    let during: i64 = sqlx::query_scalar(&count).fetch_one(&mut reader).await.unwrap();
    assert_eq!((during, replaying.is_finished()), (before, false));
    reader.execute("commit").await.unwrap();
    assert_eq!(replaying.await.unwrap().unwrap(), end);
    let after: i64 = sqlx::query_scalar(&count).fetch_one(&mut reader).await.unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn transaction_left_open_on_the_former_tables_holds_up_neither_a_swap_nor_a_start() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let end = History::new(34, 300).append_all(pool).await;
    let orders = model("orders");
    replay(pool, &orders).await;
    let mut reader = PgConnection::connect_with(&database.options()).await.unwrap();
    let read = format!("begin; select count(*) from {}.orders", orders.schema());
    reader.execute(read.as_str()).await.unwrap();

    assert_eq!(replay(pool, &orders).await, end);
    assert_eq!(leftovers(pool).await.len(), 2);
    let running = Running::start(&database, vec![orders.clone()]).await;
    running.caught_up(end).await;
    assert_eq!(leftovers(pool).await.len(), 2);
    let put_off = Replay::begin(pool, &orders).await.unwrap_err();
    assert!(matches!(put_off, ProjectionError::UnderWay(_)), "{put_off}");

    reader.execute("commit").await.unwrap();
    assert_eq!(sweep(pool).await.unwrap(), [orders.schema()]);
    assert_eq!(leftovers(pool).await, Vec::<String>::new());
    assert_eq!(replay(pool, &orders).await, end);
}

#[tokio::test]
async fn rebuild_that_dies_leaves_the_live_tables_and_is_swept() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let end = History::new(33, 800).append_all(pool).await;
    let orders = model("orders");
    Running::start(&database, vec![orders.clone()]).await.caught_up(end).await;
    let before = contents(pool, &orders.schema()).await;

    drop(Replay::begin(pool, &orders).await.unwrap());
    assert_eq!(leftovers(pool).await.len(), 2);
    assert_eq!(contents(pool, &orders.schema()).await, before);
    // The lock ends with the session, which the server notices a moment later.
    let mut swept = vec![];
    while swept.is_empty() {
        swept = sweep(pool).await.unwrap();
    }
    assert_eq!(swept, [orders.schema()]);
    assert_eq!(leftovers(pool).await, Vec::<String>::new());
    assert_eq!(contents(pool, &orders.schema()).await, before);
}

#[tokio::test]
async fn fold_that_fails_leaves_the_live_tables_and_names_the_position() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let end = database.lengthen_journal(3_000).await;
    let model = faulty(0);
    Running::start(&database, vec![model.clone()]).await.caught_up(end).await;
    let before = contents(pool, &model.schema()).await;
    pool.execute("drop table faults").await.unwrap();
    let begun = Replay::begin(pool, &model).await.unwrap();
    pool.execute("insert into faults values (1234)").await.unwrap();
    let failed = begun.swap(|_| {}).await.unwrap_err();
    assert!(matches!(failed, ProjectionError::Broken { position: Position(1234), .. }), "{failed}");
    assert_eq!(contents(pool, &model.schema()).await, before);
    assert_eq!(leftovers(pool).await, Vec::<String>::new());
}

#[tokio::test]
async fn same_model_is_rebuilt_once_at_a_time() {
    let database = TestDatabase::create().await;
    let orders = model("orders");
    let first = Replay::begin(database.pool(), &orders).await.unwrap();
    let second = Replay::begin(database.pool(), &orders).await.unwrap_err();
    assert!(matches!(second, ProjectionError::UnderWay(_)), "{second}");
    let steps = AtomicU64::new(0);
    first
        .swap(|_| {
            steps.fetch_add(1, Ordering::Relaxed);
        })
        .await
        .unwrap();
    assert!(steps.into_inner() > 0);
    replay(database.pool(), &orders).await;
}
