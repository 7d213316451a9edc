//! A start with a changed file: the new tables appear whole, and until then nobody is shown less.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use signalbox::{
    domain::Position,
    projection::{ReadModel, ReadModels, RebuildStatus},
};
use sqlx::PgPool;

use crate::{
    graphql_installation::Installation,
    projections::{Running, contents, faulty, slow_counter},
    support::database::TestDatabase,
};

/// The same question, another text.
fn changed(model: &ReadModel) -> ReadModel {
    ReadModel::new(model.name(), &format!("{} -- thought over", model.sql()))
}

/// A model that takes ten seconds for a long journal, and none for what is new.
fn very_slow_counter() -> ReadModel {
    let slow = slow_counter();
    ReadModel::new(
        slow.name(),
        &slow
            .sql()
            .replace("pg_sleep(0.02)", "pg_sleep(5) where upto_position - after_position > 5000"),
    )
}

/// Looks until told to stop: the table is not there, or has at least so many rows.
async fn look_on(pool: PgPool, table: String, least: i64, stop: Arc<AtomicBool>) -> bool {
    let mut was_absent = false;
    while !stop.load(Ordering::Relaxed) {
        let count = format!("select count(*) from {table}");
        match sqlx::query_scalar::<_, i64>(&count).fetch_one(&pool).await {
            Ok(count) => assert!(count >= least, "{count} of {least} rows"),
            Err(error) => {
                let code = error
                    .as_database_error()
                    .and_then(sqlx::error::DatabaseError::code)
                    .unwrap()
                    .into_owned();
                assert_eq!(code, "42P01", "{error}");
                was_absent = true;
            }
        }
    }
    was_absent
}

#[tokio::test]
async fn tables_of_a_changed_file_appear_whole_beside_the_old_ones() {
    let database = TestDatabase::create().await;
    let old = slow_counter();
    let end = database.lengthen_journal(120_000).await;
    Running::start(&database, vec![old.clone()]).await.caught_up(end).await;
    let new = changed(&old);
    let stop = Arc::new(AtomicBool::new(false));
    let (table, pool) = (format!("{}.slow_counts", new.schema()), database.pool().clone());
    let looking = tokio::spawn(look_on(pool, table, end.0, Arc::clone(&stop)));

    let running = Running::start(&database, vec![new.clone()]).await;
    assert_eq!(running.projections.absent(), ["slow_counts"]);
    let first = RebuildStatus::First(Position(0));
    assert_eq!(running.projections.status()[0].rebuild, Some(first));
    running.caught_up(end).await;
    assert_eq!(running.projections.absent(), Vec::<String>::new());
    let end = database.lengthen_journal(10).await;
    running.caught_up(end).await;
    stop.store(true, Ordering::Relaxed);
    assert!(looking.await.unwrap(), "the table was there at once");
    let rows = contents(database.pool(), &new.schema()).await["slow_counts"].len();
    assert_eq!(i64::try_from(rows).unwrap(), end.0);
    let old_rows = contents(database.pool(), &old.schema()).await["slow_counts"].len();
    assert_eq!(old_rows, 120_000);
}

#[tokio::test]
async fn two_processes_that_start_at_once_rebuild_once() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(60_000).await;
    let model = slow_counter();
    let (one, other) = tokio::join!(
        Running::start(&database, vec![model.clone()]),
        Running::start(&database, vec![model.clone()])
    );
    one.caught_up(end).await;
    other.caught_up(end).await;
    let end = database.lengthen_journal(10).await;
    one.caught_up(end).await;
    other.caught_up(end).await;
    let rows = contents(database.pool(), &model.schema()).await["slow_counts"].len();
    assert_eq!(i64::try_from(rows).unwrap(), end.0);
}

#[tokio::test]
async fn changed_file_that_cannot_fold_an_event_stops_there_in_the_open() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(8_000).await;
    let model = faulty(7_001);
    let running = Running::start(&database, vec![model.clone()]).await;
    let mut progress = running.projections.subscribe();
    let stopped = progress
        .wait_for(|models| models[0].rebuild.is_none() && models[0].stopped.is_some())
        .await
        .unwrap()[0]
        .clone();
    assert_eq!(stopped.position, Position(7_000));
    assert_eq!(stopped.stopped.as_deref(), Some("position 7001: division by zero"));
    sqlx::query("delete from faults").execute(database.pool()).await.unwrap();
    progress.wait_for(|models| models[0].position == end).await.unwrap();
}

#[tokio::test]
async fn api_puts_requests_off_until_there_are_tables() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(60_000).await;
    let models = [ReadModels::embedded(), vec![very_slow_counter()]].concat();
    let installation = Installation::on(database, models).await;
    let add = "mutation { addProvider(input: {
        name: \"Alder\", apiUrl: \"https://alder.example/api/v2\", apiKey: \"k\"
    }) { provider { id } } }";
    let refused = installation.ask_at(Position(0), add, json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{refused}");
    let head: i64 = sqlx::query_scalar("select position from journal_head")
        .fetch_one(installation.pool())
        .await
        .unwrap();
    assert_eq!(head, end.0, "nothing was recorded");

    installation.projections.wait_for(end, Duration::from_secs(60)).await.unwrap();
    let added = installation.ask_at(Position(0), add, json!({})).await;
    assert_eq!(added.get("errors"), None, "{added}");
}
