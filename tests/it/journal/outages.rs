//! A database that is full, gone, read-only, or set up otherwise than the journal needs.

use std::time::{Duration, Instant};

use signalbox::journal::{AppendError, Journal};
use signalbox::postgres::Durability;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::sleep;

use super::parts::{
    Answer, assert_gapless, burst, count, letter, letters, open, open_at, order, pool_at,
};
use crate::support::database::TestDatabase;
use crate::support::server::OwnServer;

/// An appender that has been idle for so long does not trust its connection.
const IDLE: Duration = Duration::from_millis(700);

async fn execute(options: PgConnectOptions, statement: &str) {
    let mut connection = options.connect().await.unwrap();
    connection.execute(statement).await.unwrap();
    connection.close().await.unwrap();
}

/// Ends the appenders' sessions, so that new ones meet the database's new defaults.
async fn end_appenders(database: &TestDatabase) {
    let ended = "select pg_terminate_backend(pid, 5000) from pg_stat_activity
                 where application_name = 'signalbox journal' and datname = current_database()";
    execute(database.options(), ended).await;
    sleep(IDLE).await;
}

async fn set_default(database: &TestDatabase, setting: &str) {
    let name = database.options().get_database().unwrap().to_owned();
    execute(database.options(), &format!("alter database {name} {setting}")).await;
}

/// Tries until it is appended.
async fn append_in_time(journal: &Journal, id: &str) {
    let patience = Instant::now() + Duration::from_secs(20);
    while let Err(error) = journal.append(order(id, 0)).await {
        assert!(matches!(error, AppendError::Unavailable(_)), "{error}");
        assert!(Instant::now() < patience, "not back in time: {error}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn assert_unavailable(answer: &Answer) {
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn full_queue_is_refused() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    // No more than one batch is taken out of the queue before all have come.
    let mut lock = database.pool().begin().await.unwrap();
    sqlx::query("select lock_journal()").execute(&mut *lock).await.unwrap();
    let (answers, released) =
        tokio::join!(burst(&journal, (0..9000).map(|n| order(n, 0))), lock.rollback());
    released.unwrap();
    let appended = letters(&answers).matches('a').count();
    assert!((8000..9000).contains(&appended), "{appended}");
    answers.iter().filter(|answer| answer.is_err()).for_each(assert_unavailable);
    assert_eq!(assert_gapless(database.pool()).await, appended as i64);
}

#[tokio::test]
async fn database_that_is_gone_is_unavailable_at_once_and_found_when_it_is_back() {
    let mut server = OwnServer::start(Durability::Volatile).await;
    let journal = open_at(server.options()).await;
    journal.append(order("first", 0)).await.unwrap();
    for round in 0..2 {
        server.kill().await;
        sleep(IDLE).await;
        for _ in 0..3 {
            let asked = Instant::now();
            assert_unavailable(&journal.append(order("lost", 0)).await);
            assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        }
        server.restart().await;
        append_in_time(&journal, &format!("back {round}")).await;
    }
    assert_eq!(assert_gapless(&pool_at(server.options())).await, 3);
    server.stop().await;
}

/// The database goes while it has a batch in hand, and stays away for longer than anybody waits.
#[tokio::test]
async fn long_outage_under_load_leaves_nothing_in_half() {
    let mut server = OwnServer::start(Durability::Volatile).await;
    let journal = open_at(server.options()).await;
    journal.append(order("first", 0)).await.unwrap();
    let pool = pool_at(server.options());
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("select lock_journal()").execute(&mut *lock).await.unwrap();
    let (sending, asked) = (journal.clone(), Instant::now());
    let in_hand = tokio::spawn(async move { sending.append(order("in hand", 0)).await });
    sleep(Duration::from_millis(100)).await;
    let sending = journal.clone();
    let queued = tokio::spawn(async move { sending.append(order("queued", 0)).await });
    server.kill().await;
    assert_unavailable(&queued.await.unwrap());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(letter(&in_hand.await.unwrap()), '?');
    assert!(asked.elapsed() < Duration::from_secs(40), "{:?}", asked.elapsed());
    assert_unavailable(&journal.append(order("late", 0)).await);
    server.restart().await;
    append_in_time(&journal, "back").await;
    assert_eq!(assert_gapless(&pool_at(server.options())).await, 2);
    server.stop().await;
}

#[tokio::test]
async fn read_only_database_is_unavailable_until_it_is_writable_again() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    journal.append(order("before", 0)).await.unwrap();
    set_default(&database, "set default_transaction_read_only = on").await;
    end_appenders(&database).await;
    for _ in 0..3 {
        let answer = journal.append(order("meanwhile", 0)).await;
        assert_unavailable(&answer);
        assert!(answer.unwrap_err().to_string().contains("read-only"));
    }
    // No session ends now: the appender itself is to try a new one.
    let writable = database.options().options([("default_transaction_read_only", "off")]);
    let name = database.options().get_database().unwrap().to_owned();
    let reset = format!("alter database {name} reset default_transaction_read_only");
    execute(writable, &reset).await;
    journal.append(order("after", 0)).await.unwrap();
    assert_eq!(assert_gapless(database.pool()).await, 2);
}

#[tokio::test]
async fn append_that_the_database_cancels_is_unavailable_and_recorded_nowhere() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    set_default(&database, "set statement_timeout = '200ms'").await;
    let mut lock = database.pool().begin().await.unwrap();
    sqlx::query("select lock_journal()").execute(&mut *lock).await.unwrap();
    assert_unavailable(&journal.append(order("s", 0)).await);
    lock.rollback().await.unwrap();
    assert_eq!(count(database.pool()).await, 0);
    journal.append(order("s", 0)).await.unwrap();
}

/// Has the database note what each append's transaction runs with.
const WITNESS: &str = "
    create table witness (synchronous text, isolation text, patience text);
    create function witness() returns trigger language plpgsql as $$
    begin
        insert into witness
        select current_setting('synchronous_commit'), current_setting('transaction_isolation'),
               current_setting('idle_in_transaction_session_timeout');
        return null;
    end
    $$;
    create trigger witness after insert on events for each statement execute function witness()";

#[tokio::test]
async fn databases_defaults_do_not_weaken_an_append() {
    let database = TestDatabase::create().await;
    execute(database.options(), WITNESS).await;
    set_default(&database, "set synchronous_commit = off").await;
    set_default(&database, "set default_transaction_isolation = 'serializable'").await;
    let mut plain = database.options().connect().await.unwrap();
    let weak: String = sqlx::query_scalar("select current_setting('synchronous_commit')")
        .fetch_one(&mut plain)
        .await
        .unwrap();
    assert_eq!(weak, "off");
    plain.close().await.unwrap();
    let (journal, other) = (open(&database).await, open(&database).await);
    for n in 0..30 {
        // The second half of them finds its streams moved, and goes the slow way.
        let (mine, its) = tokio::join!(
            burst(&journal, [order(n, 0), order("s", n)]),
            burst(&other, [order(n, 0), order("t", n)])
        );
        assert_eq!(letters(&[mine, its].concat()).matches('a').count(), 3);
    }
    assert_eq!(assert_gapless(database.pool()).await, 90);
    let seen: Vec<(String, String, String)> =
        sqlx::query_as("select distinct * from witness").fetch_all(database.pool()).await.unwrap();
    assert_eq!(seen, [("on".into(), "read committed".into(), "3s".into())]);
}
