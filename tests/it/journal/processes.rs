//! Two processes that append at once.

use std::env;
use std::process::Child;

use futures_util::future::join_all;
use signalbox::journal::Journal;
use sqlx::postgres::PgConnectOptions;

use super::parts::{and_reservation, assert_gapless, open_at, order, pool_at};
use crate::support::children;
use crate::support::database::TestDatabase;

const PROGRAM: &str = "journal::processes::a_process_that_appends";
const URL: &str = "SIGNALBOX_TEST_APPENDING_URL";
const NAME: &str = "SIGNALBOX_TEST_APPENDING_NAME";
const CLIENTS: usize = 16;
const EACH: i64 = 50;

/// The stream that all clients of all processes want.
const SHARED: &str = "shared";

#[tokio::test]
#[ignore = "a process of its own, started by another test"]
async fn a_process_that_appends() {
    let (Ok(url), Ok(name)) = (env::var(URL), env::var(NAME)) else { return };
    let options: PgConnectOptions = url.parse().unwrap();
    let journal = open_at(options.clone()).await;
    let client = |n| append_all(&journal, format!("{name}/{n}"));
    join_all((0..CLIENTS).map(client)).await;
}

/// Appends so many events to a stream of its own, each together with one of the shared stream.
async fn append_all(journal: &Journal, own: String) {
    for version in 0..EACH {
        loop {
            let shared: i64 = sqlx::query_scalar(
                "select coalesce(max(sequence), 0) from events where aggregate_id = $1",
            )
            .bind(SHARED)
            .fetch_one(journal.pool())
            .await
            .unwrap();
            // Only every tenth wants the shared stream, or nobody would get on.
            let request = match version % 10 {
                0 => and_reservation(order(&own, version), SHARED, shared),
                _ => order(&own, version),
            };
            if journal.append(request).await.is_ok() {
                break;
            }
        }
    }
}

fn start(url: &str, name: &str) -> Child {
    let mut command = children::ignored_test(&env::current_exe().unwrap(), PROGRAM);
    command.env(URL, url).env(NAME, name).spawn().unwrap()
}

#[tokio::test]
async fn two_processes_at_once_leave_no_gap() {
    let database = TestDatabase::create().await;
    let children = ["one", "two"].map(|name| start(&database.url(), name));
    for mut child in children {
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
        assert!(ended.success());
    }
    let pool = pool_at(database.options());
    let own = 2 * CLIENTS as i64 * EACH;
    assert_eq!(assert_gapless(&pool).await, own + own / 10);
    let (streams, turns): (i64, i64) = sqlx::query_as(
        "with first_event as (
             select split_part(aggregate_id, '/', 1) as process, position
             from events where aggregate_type = 'order'
         ), turn as (
             select process <> lag(process) over (order by position) as taken from first_event
         )
         select (select count(distinct aggregate_id) from events), count(*) filter (where taken)
         from turn",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(streams, 2 * CLIENTS as i64 + 1);
    assert!(turns > 10, "the processes took turns only {turns} times");
}
