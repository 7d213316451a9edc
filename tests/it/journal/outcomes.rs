//! Connections that are lost while the database has a batch in hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use signalbox::journal::{AppendError, Journal};
use sqlx::PgPool;
use tokio::{task::JoinHandle, time::sleep};

use super::parts::{Answer, and_reservation, assert_gapless, burst, letters, open, order, pool_at};
use crate::support::database::TestDatabase;
use crate::support::proxy::Proxy;

/// A journal whose appender reaches the database through a proxy.
async fn proxied(database: &TestDatabase) -> (Proxy, Journal) {
    let proxy = Proxy::before(&database.options());
    let options = proxy.through(database.options());
    let journal = Journal::start(options, database.pool().clone()).await.unwrap();
    journal.append(order("first", 0)).await.unwrap();
    (proxy, journal)
}

fn batch() -> [signalbox::journal::AppendRequest; 4] {
    [
        and_reservation(order("s", 0), "r", 0),
        order("s", 0),
        order("s", 1),
        and_reservation(order("t", 0), "r", 1),
    ]
}

fn send(journal: &Journal) -> tokio::task::JoinHandle<Vec<Answer>> {
    let journal = journal.clone();
    tokio::spawn(async move { burst(&journal, batch()).await })
}

/// Waits until so many appends stand before the journal's lock.
async fn wait_for_waiters(pool: &PgPool, count: i64) {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where application_name = 'signalbox journal' and datname = current_database()
               and wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if waiting == count {
            return;
        }
        assert!(Instant::now() < patience, "{waiting} wait instead of {count}");
        sleep(Duration::from_millis(10)).await;
    }
}

fn assert_answers(answers: &[Answer]) {
    assert_eq!(letters(answers), "acaa");
    let positions: Vec<_> = answers.iter().flatten().map(|appended| appended.position.0).collect();
    assert_eq!(positions, [3, 4, 6]);
}

#[tokio::test]
async fn call_that_outlives_its_connection_is_read_back() {
    let database = TestDatabase::create().await;
    let (proxy, journal) = proxied(&database).await;
    let pool = pool_at(database.options());
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("select lock_journal()").execute(&mut *lock).await.unwrap();
    let answers = send(&journal);
    wait_for_waiters(&pool, 1).await;
    proxy.cut();
    // The search for the outcome has to stand behind the call that it is about.
    wait_for_waiters(&pool, 2).await;
    lock.rollback().await.unwrap();
    assert_answers(&answers.await.unwrap());
    assert_eq!(assert_gapless(&pool).await, 6);
}

#[tokio::test]
async fn call_that_comes_late_finds_its_place_taken() {
    let database = TestDatabase::create().await;
    let (proxy, journal) = proxied(&database).await;
    proxy.hold();
    let answers = send(&journal);
    sleep(Duration::from_millis(100)).await;
    proxy.cut();
    assert_answers(&answers.await.unwrap());
    proxy.release();
    sleep(Duration::from_millis(300)).await;
    journal.append(order("last", 0)).await.unwrap();
    assert_eq!(assert_gapless(database.pool()).await, 7);
}

#[tokio::test]
async fn slow_way_is_read_back_too() {
    join_all((0..12).map(|_| lose_a_connection_on_the_slow_way())).await;
}

async fn lose_a_connection_on_the_slow_way() {
    let database = TestDatabase::create().await;
    let (proxy, journal) = proxied(&database).await;
    open(&database).await.append(order("theirs", 0)).await.unwrap();
    let answers = tokio::spawn({
        let journal = journal.clone();
        // The stale one sends the batch the slow way, which takes several round trips with the lock in hand.
        async move { burst(&journal, [order("theirs", 0), order("own", 0)]).await }
    });
    sleep(Duration::from_micros(fastrand::u64(0..8000))).await;
    proxy.cut();
    assert_eq!(letters(&answers.await.unwrap()), "ca");
    assert_eq!(assert_gapless(database.pool()).await, 3);
}

#[tokio::test]
async fn appender_whose_session_is_ended_under_load_loses_and_doubles_nothing() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let over = Arc::new(AtomicBool::new(false));
    let clients = (0..64).map(|client| {
        let (journal, over) = (journal.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut version = 0;
            while !over.load(Ordering::Relaxed) {
                let id = format!("{client}/{version}");
                let request = and_reservation(order(id, 0), client, version);
                match journal.append(request).await {
                    Ok(_) => version += 1,
                    // Nothing was recorded: a loaded machine may be long in connecting again.
                    Err(AppendError::Unavailable(_)) => sleep(Duration::from_millis(50)).await,
                    Err(error) => panic!("{error}"),
                }
            }
            version
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut ended = 0;
    while ended < 40 {
        sleep(Duration::from_millis(fastrand::u64(5..60))).await;
        ended += end_appender(database.pool()).await;
        assert!(!clients.iter().any(JoinHandle::is_finished), "a client has given up");
    }
    over.store(true, Ordering::Relaxed);
    let appended: i64 = join_all(clients).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(assert_gapless(database.pool()).await, 2 * appended);
}

async fn end_appender(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
         where application_name = 'signalbox journal' and datname = current_database()",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}
