//! What the journal's tests have in common.

use std::fmt::Display;

use futures_util::future::join_all;
use signalbox::domain::{
    order::{Order, OrderEvent},
    reservation::{Reservation, ReservationEvent},
};
use signalbox::journal::{AppendError, AppendRequest, Appended, Journal};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::database::TestDatabase;

pub(super) type Answer = Result<Appended, AppendError>;

/// One more process, as far as the database can tell.
pub(super) async fn open(database: &TestDatabase) -> Journal {
    Journal::start(database.options(), database.pool().clone()).await.unwrap()
}

/// A journal that reaches its database as it can.
pub(super) async fn open_at(options: PgConnectOptions) -> Journal {
    Journal::start(options.clone(), pool_at(options)).await.unwrap()
}

pub(super) fn pool_at(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(4).connect_lazy_with(options)
}

pub(super) fn request() -> AppendRequest {
    AppendRequest::of_command("test")
}

pub(super) fn event(text: impl Display) -> OrderEvent {
    OrderEvent::OrderFailed { reason: text.to_string(), decision: None }
}

/// A request of one event for the stream of one order.
pub(super) fn order(id: impl Display, expected: i64) -> AppendRequest {
    let text = format!("{id} after {expected}");
    request().append::<Order>(id, expected, &[event(text)])
}

/// Adds an event of another aggregate's stream.
pub(super) fn and_reservation(
    request: AppendRequest,
    id: impl Display,
    expected: i64,
) -> AppendRequest {
    let subject = format!("{id} after {expected}");
    let event = ReservationEvent::Reserved { subject, holder: "test".to_owned() };
    request.append::<Reservation>(id, expected, &[event])
}

/// Has the appender find all of them in its queue at once, in this order.
pub(super) async fn burst(
    journal: &Journal,
    requests: impl IntoIterator<Item = AppendRequest>,
) -> Vec<Answer> {
    join_all(requests.into_iter().map(|request| journal.append(request))).await
}

/// One letter an answer: `a`ppended, `c`onflict, `i`nvalid, `u`navailable, `?`.
pub(super) fn letters(answers: &[Answer]) -> String {
    answers.iter().map(letter).collect()
}

pub(super) fn letter(answer: &Answer) -> char {
    match answer {
        Ok(_) => 'a',
        Err(AppendError::Conflict(_)) => 'c',
        Err(AppendError::Invalid(_)) => 'i',
        Err(AppendError::Unavailable(_)) => 'u',
        Err(AppendError::OutcomeUnknown) => '?',
    }
}

pub(super) async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from events").fetch_one(pool).await.unwrap()
}

/// Holds the journal to positions 1 to n, times that never go back, and streams without gaps; returns n.
pub(super) async fn assert_gapless(pool: &PgPool) -> i64 {
    let (events, first, last, head): (i64, i64, i64, i64) = sqlx::query_as(
        "select count(*), coalesce(min(position), 1), coalesce(max(position), 0),
                (select position from journal_head)
         from events",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!((first, last, head), (1, events, events), "first, last, head of {events} events");
    let (backward, gaps): (i64, i64) = sqlx::query_as(
        "select (select count(*)
                 from (select recorded_at < lag(recorded_at) over (order by position) as back
                       from events) as step
                 where back),
                (select count(*)
                 from (select from events
                       group by aggregate_type, aggregate_id
                       having max(sequence) <> count(*)) as stream)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!((backward, gaps), (0, 0), "steps back in time, streams with gaps");
    events
}
