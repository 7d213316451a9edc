//! Reading the journal as it grows.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{Duration, Instant, sleep_until},
};

use super::tail::{Entry, Tail};
use crate::domain::Position;

/// Most events that one read goes through.
const PAGE: i64 = 2000;

/// An event as it stands in the journal.
#[derive(Debug, Clone, Copy)]
pub struct RecordedEvent<'a> {
    /// Its place.
    pub position: i64,
    /// First half of its stream's name.
    pub aggregate_type: &'a str,
    /// Second half of its stream's name.
    pub aggregate_id: &'a str,
    /// Its place in its stream, from 1.
    pub sequence: i64,
    /// Its variant's name.
    pub event_type: &'a str,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    payload: &'a str,
}

impl RecordedEvent<'_> {
    /// Reads its content, or a part of it.
    ///
    /// # Errors
    /// What cannot be decoded: an event of a later version of the program.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.payload)
    }
}

/// An event as the table has it.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    position: i64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    payload: String,
    recorded_at: DateTime<Utc>,
}

/// Which events a follower reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Those of providers and services, and what operators say of error texts.
    Catalogue,
    /// Those that set an order free for its next attempt, and those that say who is in whose way on a link. Whoever hears of
    /// an order that is free loads it.
    OpenOrders,
    /// Those that say what is to be asked of a provider about the orders that it holds.
    HeldOrders,
}

/// A reader that goes through the journal in order, and waits at its end.
#[derive(Debug)]
pub struct Follower {
    pool: PgPool,
    tail: Tail,
    head: watch::Receiver<Position>,
    filter: Filter,
    position: Position,
    read_at: Option<Instant>,
}

/// What a read found: everything that passes the filter up to a position.
#[derive(Debug)]
pub struct Page {
    /// Nothing before or at this position is left to read.
    pub upto: Position,
    after: Position,
    filter: Filter,
    found: Found,
}

#[derive(Debug)]
enum Found {
    InMemory(Vec<Arc<Entry>>),
    InTable(Vec<Row>),
}

impl Page {
    /// Goes through the events, oldest first.
    pub fn events(&self) -> Box<dyn Iterator<Item = RecordedEvent<'_>> + Send + '_> {
        match &self.found {
            Found::InMemory(entries) => {
                Box::new(entries.iter().flat_map(|entry| self.those_of(entry)))
            }
            Found::InTable(rows) => Box::new(rows.iter().map(Row::event)),
        }
    }

    fn those_of<'a>(&self, entry: &'a Entry) -> impl Iterator<Item = RecordedEvent<'a>> {
        let (after, filter) = (self.after.0, self.filter);
        let events = entry.events().map(|(position, placed)| RecordedEvent {
            position,
            aggregate_type: placed.stream.aggregate_type,
            aggregate_id: &placed.stream.id,
            sequence: placed.sequence,
            event_type: placed.event.event_type,
            recorded_at: entry.end.recorded_at,
            payload: &placed.event.payload,
        });
        events.filter(move |event| event.position > after && filter.passes(event))
    }
}

impl Row {
    fn event(&self) -> RecordedEvent<'_> {
        RecordedEvent {
            position: self.position,
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            recorded_at: self.recorded_at,
            payload: &self.payload,
        }
    }
}

impl Follower {
    /// Begins after a position.
    pub(super) fn new(
        pool: PgPool,
        tail: Tail,
        head: watch::Receiver<Position>,
        filter: Filter,
        after: Position,
    ) -> Self {
        Self { pool, tail, head, filter, position: after, read_at: None }
    }

    /// Returns the next page once there is one; `None` when the journal is closed. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The database's words. The next call tries the same page again.
    pub async fn next(&mut self) -> Result<Option<Page>, sqlx::Error> {
        if let Some(read_at) = self.read_at {
            sleep_until(read_at + self.filter.rest()).await;
        }
        let after = self.position;
        let Ok(head) = self.head.wait_for(|head| *head > after).await.map(|head| *head) else {
            return Ok(None);
        };
        let (found, upto) = match self.tail.after(after.0, PAGE) {
            Some((entries, upto)) => (Found::InMemory(entries), Position(upto)),
            None => self.read(head).await?,
        };
        self.position = upto;
        // A page that was full is not waited for.
        self.read_at = (upto >= head).then(Instant::now);
        Ok(Some(Page { upto, after, filter: self.filter, found }))
    }

    async fn read(&self, head: Position) -> Result<(Found, Position), sqlx::Error> {
        let rows: Vec<Row> = sqlx::query_as(&self.filter.statement())
            .bind(self.position.0)
            .bind(head.0)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await?;
        let upto = match rows.last() {
            Some(last) if rows.len() as i64 == PAGE => Position(last.position),
            _ => head,
        };
        Ok((Found::InTable(rows), upto))
    }
}

impl Filter {
    /// Tells whether an event of this type may set an order free for its next attempt.
    pub fn frees_an_order(event_type: &str) -> bool {
        matches!(
            event_type,
            "OrderPlaced"
                | "AttemptRefused"
                | "AttemptNotSent"
                | "AttemptSettled"
                | "DoubtGivenUp"
                | "OrderDeferred"
        )
    }

    /// Between two reads at the journal's end: under load what comes together is read in one go. Commands wait for what
    /// they changed in the catalogue, so that is read at once.
    fn rest(self) -> Duration {
        match self {
            Self::Catalogue => Duration::ZERO,
            Self::OpenOrders => Duration::from_millis(20),
            Self::HeldOrders => Duration::from_millis(100),
        }
    }

    fn passes(self, event: &RecordedEvent<'_>) -> bool {
        let (column, values) = self.condition();
        values.contains(match column {
            Column::AggregateType => &event.aggregate_type,
            Column::EventType => &event.event_type,
        })
    }

    fn condition(self) -> (Column, &'static [&'static str]) {
        match self {
            Self::Catalogue => (Column::AggregateType, &["provider", "service", "refusal_text"]),
            Self::OpenOrders => (
                Column::EventType,
                &[
                    "OrderPlaced",
                    "AttemptStarted",
                    "AttemptRefused",
                    "AttemptNotSent",
                    "AttemptSettled",
                    "DoubtGivenUp",
                    "OrderDeferred",
                    "OrderFailed",
                    "OrderStatusChanged",
                    "RemainderStatusChanged",
                    "ServiceLinkLockSet",
                ],
            ),
            Self::HeldOrders => (
                Column::EventType,
                &[
                    "AttemptPlaced",
                    "AttemptSettled",
                    "OrderStatusChanged",
                    "CancelRequested",
                    "RefillRequested",
                    "RefillStatusChanged",
                ],
            ),
        }
    }

    /// Each is a statement of its own, so that it can use an index of its own.
    fn statement(self) -> String {
        let (column, values) = self.condition();
        let (column, values) = (column.name(), values.join("', '"));
        let content = match self {
            Self::Catalogue | Self::HeldOrders => "payload::text",
            // The others say enough by their type, and may be large.
            Self::OpenOrders => {
                "case when event_type in ('OrderPlaced', 'OrderStatusChanged', 'RemainderStatusChanged')
                     then payload::text
                     else 'null'
                 end"
            }
        };
        format!(
            "select position, aggregate_type, aggregate_id, sequence, event_type, {content} as payload, recorded_at
             from events
             where position > $1 and position <= $2
               and {column} in ('{values}')
             order by position
             limit $3"
        )
    }
}

/// By what a filter chooses.
enum Column {
    AggregateType,
    EventType,
}

impl Column {
    fn name(&self) -> &'static str {
        match self {
            Self::AggregateType => "aggregate_type",
            Self::EventType => "event_type",
        }
    }
}
