//! A batch of requests on its way through the database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, postgres::PgDatabaseError};
use uuid::Uuid;

use super::{
    AppendError, Appended,
    heads::heads_of,
    judge::{Heads, Plan, judge_knowing, judge_trusting},
    known_heads::{End, KnownHeads},
    request::{AppendRequest, PlacedEvent, StreamId},
    session::Session,
};
use crate::domain::Position;

/// What became of each request, in order.
pub(super) type Answers = Vec<Result<Appended, AppendError>>;

/// Why a batch has no answers yet.
pub(super) enum BatchFailure {
    /// The database refused the data: nothing was recorded, and some request is to blame.
    Data(String),
    /// The database refused for a reason of its own: nothing was recorded.
    Refused(String),
    /// The connection failed at a moment when the batch may have been recorded.
    Unknown(String),
}

/// Appends a batch in one round trip, trusting what the requests expect; falls back to [`append_locked`] where the
/// database finds a stream elsewhere.
pub(super) async fn append(
    session: &mut Session,
    batch: &[AppendRequest],
) -> Result<Answers, BatchFailure> {
    let plan = judge_trusting(batch);
    let Session { connection, known } = session;
    match call_append(connection, batch, &plan, known).await? {
        Some((end, followed)) => {
            known.note(&plan.heads, end, followed);
            Ok(answers(batch, plan, &end))
        }
        None => append_locked(connection, batch).await,
    }
}

/// Finds out what became of a batch whose call was cut off: answers from what it recorded, or appends it now.
pub(super) async fn settle(
    session: &mut Session,
    batch: &[AppendRequest],
) -> Result<Answers, BatchFailure> {
    let mut transaction = session.connection.begin().await?;
    // What the old session has begun it now has ended, one way or the other.
    lock(&mut transaction).await?;
    let answers = match read_back(&mut transaction, batch).await? {
        Some(found) => found,
        None => append_knowing(&mut transaction, batch).await?,
    };
    transaction.commit().await?;
    Ok(answers)
}

/// Appends a batch with the journal's lock in hand, so that the heads that it judges by are the true ones.
async fn append_locked(
    connection: &mut PgConnection,
    batch: &[AppendRequest],
) -> Result<Answers, BatchFailure> {
    let mut transaction = connection.begin().await?;
    lock(&mut transaction).await?;
    let answers = append_knowing(&mut transaction, batch).await?;
    transaction.commit().await?;
    Ok(answers)
}

async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select lock_journal()").execute(connection).await.map(drop)
}

async fn append_knowing(
    connection: &mut PgConnection,
    batch: &[AppendRequest],
) -> Result<Answers, BatchFailure> {
    let plan = judge_knowing(batch, true_heads(connection, batch).await?);
    match call_append(connection, batch, &plan, &KnownHeads::default()).await? {
        Some((end, _)) => Ok(answers(batch, plan, &end)),
        None => Err(BatchFailure::Refused("streams have moved under the journal's lock".into())),
    }
}

/// Looks for the batch's events, which are recorded all together or not at all.
async fn read_back(
    connection: &mut PgConnection,
    batch: &[AppendRequest],
) -> Result<Option<Answers>, sqlx::Error> {
    let columns = Columns::of(batch.iter());
    let found: Vec<(Uuid, i64, DateTime<Utc>)> = sqlx::query_as(
        "select event_id, events.position, recorded_at
         from unnest($1, $2, $3, $4) as ours (aggregate_type, aggregate_id, sequence, event_id)
         join events using (aggregate_type, aggregate_id, sequence, event_id)",
    )
    .bind(columns.aggregate_types)
    .bind(columns.aggregate_ids)
    .bind(columns.sequences)
    .bind(columns.event_ids)
    .fetch_all(connection)
    .await?;
    if found.is_empty() {
        return Ok(None);
    }
    let recorded: HashMap<Uuid, Appended> = found
        .into_iter()
        .map(|(id, position, recorded_at)| {
            (id, Appended { position: Position(position), recorded_at })
        })
        .collect();
    let answer = |request: &AppendRequest| {
        let last = request.events().last().and_then(|event| recorded.get(&event.id)).copied();
        // A request that had lost by then is still lost, since its streams had moved on. Of one without events nothing
        // tells, and to be decided anew harms it least.
        last.ok_or_else(|| AppendError::Conflict("of a request judged before".to_owned()))
    };
    Ok(Some(batch.iter().map(answer).collect()))
}

async fn true_heads<'a>(
    connection: &mut PgConnection,
    batch: &'a [AppendRequest],
) -> Result<Heads<'a>, sqlx::Error> {
    let streams: HashSet<&StreamId> =
        batch.iter().flat_map(|request| &request.streams).map(|append| &append.stream).collect();
    let streams: Vec<&StreamId> = streams.into_iter().collect();
    let heads = heads_of(connection, streams.iter().copied()).await?;
    Ok(streams.into_iter().zip(heads).collect())
}

/// Calls the appending function with the accepted requests; `None` where a stream is not where the plan expects it. Tells
/// besides whether the journal still ended before the batch where it was known to.
async fn call_append(
    connection: &mut PgConnection,
    batch: &[AppendRequest],
    plan: &Plan<'_>,
    known: &KnownHeads,
) -> Result<Option<(End, bool)>, BatchFailure> {
    let columns = Columns::of(accepted(batch, plan));
    let (sure, unsure): (Vec<_>, Vec<_>) =
        plan.expected.iter().partition(|(stream, head)| known.has(stream, **head));
    let known_streams = sure.len() as i32;
    let (expected, heads): (Vec<&StreamId>, Vec<i64>) = unsure.into_iter().chain(sure).unzip();
    let row: Option<(i64, DateTime<Utc>, bool)> = sqlx::query_as(
        "select last_position, at, followed
         from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(expected.iter().map(|stream| stream.aggregate_type).collect::<Vec<_>>())
    .bind(expected.iter().map(|stream| stream.id.as_str()).collect::<Vec<_>>())
    .bind(heads)
    .bind(columns.aggregate_types)
    .bind(columns.aggregate_ids)
    .bind(columns.sequences)
    .bind(columns.event_types)
    .bind(columns.event_versions)
    .bind(columns.payloads)
    .bind(columns.metadatas)
    .bind(columns.event_ids)
    .bind(known.end().map(|end| end.position))
    .bind(known.end().map(|end| end.recorded_at))
    .bind(known_streams)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(position, recorded_at, followed)| (End { position, recorded_at }, followed)))
}

fn accepted<'a>(
    batch: &'a [AppendRequest],
    plan: &Plan<'_>,
) -> impl Iterator<Item = &'a AppendRequest> {
    batch
        .iter()
        .zip(&plan.verdicts)
        .filter(|(_, verdict)| verdict.is_ok())
        .map(|(request, _)| request)
}

/// Events, column by column.
#[derive(Default)]
struct Columns<'a> {
    aggregate_types: Vec<&'a str>,
    aggregate_ids: Vec<&'a str>,
    sequences: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadatas: Vec<&'a str>,
    event_ids: Vec<Uuid>,
}

impl<'a> Columns<'a> {
    fn of(requests: impl Iterator<Item = &'a AppendRequest>) -> Self {
        let mut columns = Self::default();
        requests.for_each(|request| columns.take(request));
        columns
    }

    fn take(&mut self, request: &'a AppendRequest) {
        for PlacedEvent { stream, sequence, event } in request.placed_events() {
            self.aggregate_types.push(stream.aggregate_type);
            self.aggregate_ids.push(&stream.id);
            self.sequences.push(sequence);
            self.event_types.push(event.event_type);
            self.event_versions.push(event.version);
            self.payloads.push(&event.payload);
            self.metadatas.push(&request.metadata);
            self.event_ids.push(event.id);
        }
    }
}

/// Counts the accepted requests' positions back from the end of the batch.
fn answers(batch: &[AppendRequest], plan: Plan<'_>, end: &End) -> Answers {
    let total: usize = accepted(batch, &plan).map(AppendRequest::event_count).sum();
    let mut position = end.position - total as i64;
    let answer = |(request, verdict): (&AppendRequest, Result<(), AppendError>)| {
        verdict.map(|()| {
            position += request.event_count() as i64;
            Appended { position: Position(position), recorded_at: end.recorded_at }
        })
    };
    batch.iter().zip(plan.verdicts).map(answer).collect()
}

impl From<sqlx::Error> for BatchFailure {
    fn from(error: sqlx::Error) -> Self {
        let database =
            error.as_database_error().and_then(|e| e.try_downcast_ref::<PgDatabaseError>());
        let Some(refusal) = database else { return Self::Unknown(error.to_string()) };
        // After an error the transaction is rolled back; after anything worse the connection is gone, and a commit
        // that was under way may have come through.
        if refusal.severity() as u8 != sqlx::postgres::PgSeverity::Error as u8 {
            return Self::Unknown(refusal.to_string());
        }
        match refusal.code().get(..2) {
            Some("22" | "23" | "54") => Self::Data(refusal.to_string()),
            _ => Self::Refused(refusal.to_string()),
        }
    }
}
