//! Several appenders, and clients that come and go.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use signalbox::domain::order::Order;
use signalbox::journal::AppendError;
use sqlx::PgPool;

use super::parts::{assert_gapless, burst, letters, open, order};
use crate::support::database::TestDatabase;

#[tokio::test]
async fn what_another_process_has_moved_fails_alone() {
    let database = TestDatabase::create().await;
    let (journal, other) = (open(&database).await, open(&database).await);
    other.append(order("s", 0)).await.unwrap();
    let answers = burst(
        &journal,
        [order("s", 0), order("t", 0), order("s", 1), order("s", 1), order("t", 1)],
    )
    .await;
    assert_eq!(letters(&answers), "caaca");
    let positions: Vec<_> = answers.iter().flatten().map(|appended| appended.position.0).collect();
    assert_eq!(positions, [2, 3, 4]);
    assert_gapless(database.pool()).await;
}

#[tokio::test]
async fn of_many_that_want_the_same_version_one_gets_it() {
    let database = TestDatabase::create().await;
    let journals = [open(&database).await, open(&database).await, open(&database).await];
    for version in 0..40 {
        let race = journals.iter().map(|journal| burst(journal, [order("s", version)]));
        let answers = join_all(race).await.concat();
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!((won, letters(&answers).matches('c').count()), (1, 2));
    }
    assert_eq!(assert_gapless(database.pool()).await, 40);
}

/// Two processes take turns, each with a memory of what it moved itself; requests expect what is true, or one off.
#[tokio::test]
async fn what_a_process_remembers_of_streams_overrules_nothing() {
    const STREAMS: usize = 4;
    let database = TestDatabase::create().await;
    let journals = [open(&database).await, open(&database).await];
    let mut random = fastrand::Rng::with_seed(16);
    let mut heads = [0; STREAMS];
    for _ in 0..400 {
        let mut expected = String::new();
        let batch: Vec<_> = (0..random.usize(1..4))
            .map(|_| {
                let stream = random.usize(..STREAMS);
                let off = [0, 0, 0, 0, -1, 1][random.usize(..6)];
                let version = heads[stream] + off;
                heads[stream] += i64::from(off == 0);
                expected.push(if off == 0 { 'a' } else { 'c' });
                order(stream, version)
            })
            .collect();
        let answers = burst(&journals[random.usize(..2)], batch).await;
        assert_eq!(letters(&answers), expected);
    }
    assert_eq!(assert_gapless(database.pool()).await, heads.iter().sum::<i64>());
}

/// Events that are taken back, as by a database that is put back, are as good as never appended, even where the journal
/// has come to the same position again.
#[tokio::test]
async fn what_a_process_remembers_of_streams_ends_with_the_journal_that_it_knew() {
    let database = TestDatabase::create().await;
    let (journal, other) = (open(&database).await, open(&database).await);
    for again in [[].as_slice(), &["u", "v"]] {
        for stream in ["s", "t"] {
            journal.append(order(stream, 0)).await.unwrap();
        }
        take_back(database.pool()).await;
        for stream in again {
            other.append(order(stream, 0)).await.unwrap();
        }
        let answers = burst(&journal, [order("s", 1), order("t", 0)]).await;
        assert_eq!(letters(&answers), "ca");
        assert_eq!(assert_gapless(database.pool()).await, 1 + again.len() as i64);
        take_back(database.pool()).await;
    }
}

async fn take_back(pool: &PgPool) {
    let emptied = "delete from events; update journal_head set position = 0, recorded_at = now()";
    sqlx::raw_sql(emptied).execute(pool).await.unwrap();
}

/// A stream that is said to be known is looked at only where the journal has moved on from the end that is named.
#[tokio::test]
async fn database_spares_itself_a_look_only_while_the_journal_ends_where_it_was_known_to() {
    let database = TestDatabase::create().await;
    let end = open(&database).await.append(order("s", 0)).await.unwrap();
    let tells = async |position: i64, recorded_at: DateTime<Utc>| -> Option<bool> {
        sqlx::query_scalar(
            "select followed
             from append_events('{order}', '{s}', '{7}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', $1, $2, 1)",
        )
        .bind(position)
        .bind(recorded_at)
        .fetch_optional(database.pool())
        .await
        .unwrap()
    };
    let before = end.recorded_at - TimeDelta::microseconds(1);
    assert_eq!(tells(end.position.0, before).await, None);
    assert_eq!(tells(end.position.0 + 1, end.recorded_at).await, None);
    // Wrong as it is, it is taken as known.
    assert_eq!(tells(end.position.0, end.recorded_at).await, Some(true));
}

#[tokio::test]
async fn head_shows_what_other_processes_append() {
    let database = TestDatabase::create().await;
    let (journal, other) = (open(&database).await, open(&database).await);
    let mut head = journal.head();
    let appended = other.append(order("s", 0)).await.unwrap();
    let seen = head.wait_for(|head| *head >= appended.position);
    let seen = *tokio::time::timeout(Duration::from_secs(5), seen).await.unwrap().unwrap();
    assert_eq!(seen, appended.position);
}

#[tokio::test]
async fn head_is_never_behind_an_answer() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    for n in 0..20 {
        let appended = journal.append(order(n, 0)).await.unwrap();
        assert!(*journal.head().borrow() >= appended.position);
    }
}

#[tokio::test]
async fn request_of_a_client_that_hung_up_is_appended_all_the_same() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    {
        let mut abandoned = pin!(journal.append(order("s", 0)));
        let queued = poll_fn(|context| Poll::Ready(abandoned.as_mut().poll(context)));
        assert!(queued.await.is_pending());
    }
    let later = order("t", 0).unless_moved::<Order>("s", 1);
    journal.append(later).await.unwrap();
    assert_eq!(assert_gapless(database.pool()).await, 2);
}

#[tokio::test]
async fn request_sent_twice_is_recorded_once() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let twice = order("s", 0);
    journal.append(twice.clone()).await.unwrap();
    let answers = burst(&journal, [order("t", 0), twice, order("u", 0)]).await;
    assert_eq!(letters(&answers), "aca");
    assert!(matches!(answers[1], Err(AppendError::Conflict(_))));
    assert_eq!(assert_gapless(database.pool()).await, 3);
}
