//! What becomes of each request of a batch.

use signalbox::domain::order::Order;
use signalbox::journal::{AppendError, AppendRequest};

use super::parts::{
    and_reservation, assert_gapless, burst, count, event, letters, open, order, request,
};
use crate::support::database::TestDatabase;

/// Too long for an index of PostgreSQL, and of no pattern that could be compressed: only the database finds it out.
fn unstorable(seed: u64) -> AppendRequest {
    let mut random = fastrand::Rng::with_seed(seed);
    let id: String = std::iter::repeat_with(|| random.alphanumeric()).take(20_000).collect();
    order(id, 0)
}

#[tokio::test]
async fn requests_are_judged_in_the_order_in_which_they_came() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let answers = burst(
        &journal,
        [
            order("s", 0),
            order("s", 0),
            order("s", 1).append::<Order>("t", 0, &[event("one"), event("two")]),
            order("t", 1),
            order("t", 2),
            order("s", 2),
        ],
    )
    .await;
    assert_eq!(letters(&answers), "acacaa");
    let positions: Vec<_> = answers.iter().flatten().map(|appended| appended.position.0).collect();
    assert_eq!(positions, [1, 4, 5, 6]);
    assert_eq!(assert_gapless(database.pool()).await, 6);
}

#[tokio::test]
async fn request_over_several_streams_is_all_or_nothing() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    journal.append(and_reservation(order("one", 0), "paid", 0)).await.unwrap();
    let answers = burst(
        &journal,
        [
            and_reservation(order("two", 0), "paid", 0),
            and_reservation(order("one", 7), "free", 0),
            and_reservation(order("two", 0), "paid", 1),
        ],
    )
    .await;
    assert_eq!(letters(&answers), "cca");
    assert_eq!(assert_gapless(database.pool()).await, 4);
}

#[tokio::test]
async fn conflict_names_the_stream() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let refused = journal.append(and_reservation(order("s", 0), "r", 3)).await;
    assert_eq!(refused, Err(AppendError::Conflict("reservation/r".to_owned())));
}

#[tokio::test]
async fn guard_refuses_once_its_stream_has_moved() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let guarded = |id, at| order(id, 0).unless_moved::<Order>("guarded", at);
    let batch = [guarded("a", 0), order("guarded", 0), guarded("b", 0), guarded("c", 1)];
    assert_eq!(letters(&burst(&journal, batch).await), "aaca");
    // And across batches, where the database is the judge.
    assert_eq!(letters(&burst(&journal, [guarded("d", 0), guarded("e", 1)]).await), "ca");
    assert_eq!(assert_gapless(database.pool()).await, 4);
}

#[tokio::test]
async fn guard_alone_tells_and_adds_nothing() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let last = journal.append(order("s", 0)).await.unwrap();
    let guard = |at| request().unless_moved::<Order>("s", at);
    let answers = burst(&journal, [guard(1), guard(0)]).await;
    assert_eq!(letters(&answers), "ac");
    assert_eq!(answers[0].as_ref().unwrap().position, last.position);
    assert_eq!(assert_gapless(database.pool()).await, 1);
}

#[tokio::test]
async fn text_with_a_nul_fails_alone() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let answers = burst(
        &journal,
        [
            order("before", 0),
            request().append::<Order>("payload", 0, &[event("a\0b")]),
            order("id\0", 0),
            AppendRequest::of_command("meta\0data").append::<Order>("m", 0, &[event("fine")]),
            request().append::<Order>("escaped", 0, &[event("a\\u0000b")]),
            order("after", 0),
        ],
    )
    .await;
    assert_eq!(letters(&answers), "aiiiaa");
    assert_eq!(assert_gapless(database.pool()).await, 3);
}

#[tokio::test]
async fn megabyte_payloads_pass_among_small_ones() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let text = "ü\n".repeat(350_000);
    let large =
        (0..12).map(|n| request().append::<Order>(format!("large {n}"), 0, &[event(&text)]));
    let small = (0..12).map(|n| order(format!("small {n}"), 0));
    let requests: Vec<_> = large.zip(small).flat_map(|(large, small)| [large, small]).collect();
    assert_eq!(letters(&burst(&journal, requests).await), "a".repeat(24));
    let same: i64 = sqlx::query_scalar("select count(*) from events where payload->>'reason' = $1")
        .bind(&text)
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(same, 12);
    assert_gapless(database.pool()).await;
}

#[tokio::test]
async fn thousand_conflicting_requests_fail_alone() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    journal.append(order("taken", 0)).await.unwrap();
    let requests = (0..1100).map(|n| match n % 11 {
        0 => order(format!("free {n}"), 0),
        _ => order("taken", 0),
    });
    let answers = letters(&burst(&journal, requests).await);
    assert_eq!(answers, "acccccccccc".repeat(100));
    assert_eq!(assert_gapless(database.pool()).await, 101);
}

#[tokio::test]
async fn data_that_only_the_database_refuses_fails_alone() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let requests = (0..200).map(|n| match n {
        3 | 77 | 78 => unstorable(n),
        _ => order(format!("stream {}", n % 100), i64::from(n >= 100)),
    });
    let answers = burst(&journal, requests).await;
    // Whoever builds upon a request that failed has lost too.
    let expected: String = (0..200)
        .map(|n| match n {
            3 | 77 | 78 => 'i',
            103 | 177 | 178 => 'c',
            _ => 'a',
        })
        .collect();
    assert_eq!(letters(&answers), expected);
    assert_eq!(assert_gapless(database.pool()).await, 194);
}

#[tokio::test]
async fn lone_request_that_cannot_be_stored_is_invalid() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let refused = journal.append(and_reservation(unstorable(1), "r", 0)).await.unwrap_err();
    assert!(matches!(&refused, AppendError::Invalid(reason) if reason.contains("index row")));
    assert_eq!(count(database.pool()).await, 0);
    journal.append(order("s", 0)).await.unwrap();
}
