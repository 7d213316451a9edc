//! Reading the journal as it grows.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{Duration, Instant, sleep_until},
};

use crate::domain::Position;

/// Most events that one read returns.
const PAGE: i64 = 2000;

/// An event as it stands in the journal.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RecordedEvent {
    /// Its place.
    pub position: i64,
    /// First half of its stream's name.
    pub aggregate_type: String,
    /// Second half of its stream's name.
    pub aggregate_id: String,
    /// Its place in its stream, from 1.
    pub sequence: i64,
    /// Its variant's name.
    pub event_type: String,
    /// Its content.
    pub payload: serde_json::Value,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// Which events a follower reads. Each choice is a statement of its own, so that it can use an index of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Those of providers and services, and what operators say of error texts.
    Catalogue,
    /// Those that set an order free for its next attempt, and those that say who is in whose way on a link; of their payloads
    /// only what says that. Whoever hears of an order that is free loads it.
    OpenOrders,
    /// Those that say what is to be asked of a provider about the orders that it holds.
    HeldOrders,
}

/// A reader that goes through the journal in order, and waits at its end.
#[derive(Debug)]
pub struct Follower {
    pool: PgPool,
    head: watch::Receiver<Position>,
    filter: Filter,
    position: Position,
    read_at: Option<Instant>,
}

/// What a read found: everything that passes the filter up to a position.
#[derive(Debug)]
pub struct Page {
    /// Oldest first.
    pub events: Vec<RecordedEvent>,
    /// Nothing before or at this position is left to read.
    pub upto: Position,
}

impl Follower {
    /// Begins after a position.
    pub fn new(
        pool: PgPool,
        head: watch::Receiver<Position>,
        filter: Filter,
        after: Position,
    ) -> Self {
        Self { pool, head, filter, position: after, read_at: None }
    }

    /// Returns the next page once there is one; `None` when the journal is closed. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The database's words. The next call tries the same page again.
    pub async fn next(&mut self) -> Result<Option<Page>, sqlx::Error> {
        if let Some(read_at) = self.read_at {
            sleep_until(read_at + self.filter.rest()).await;
        }
        let position = self.position;
        let Ok(head) = self.head.wait_for(|head| *head > position).await.map(|head| *head) else {
            return Ok(None);
        };
        let events = self.read(head).await?;
        let upto = match events.last() {
            Some(last) if events.len() as i64 == PAGE => Position(last.position),
            _ => head,
        };
        self.position = upto;
        // A page that was full is not waited for.
        self.read_at = (upto == head).then(Instant::now);
        Ok(Some(Page { events, upto }))
    }

    async fn read(&self, upto: Position) -> Result<Vec<RecordedEvent>, sqlx::Error> {
        sqlx::query_as(self.filter.statement())
            .bind(self.position.0)
            .bind(upto.0)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await
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

    fn statement(self) -> &'static str {
        match self {
            Self::Catalogue => {
                "select position, aggregate_type, aggregate_id, sequence, event_type, payload, recorded_at
                 from events
                 where position > $1 and position <= $2
                   and aggregate_type in ('provider', 'service', 'refusal_text')
                 order by position
                 limit $3"
            }
            Self::HeldOrders => {
                "select position, aggregate_type, aggregate_id, sequence, event_type, payload, recorded_at
                 from events
                 where position > $1 and position <= $2
                   and event_type in (
                       'AttemptPlaced', 'AttemptSettled', 'OrderStatusChanged', 'CancelRequested', 'RefillRequested',
                       'RefillStatusChanged'
                   )
                 order by position
                 limit $3"
            }
            Self::OpenOrders => {
                "select position, aggregate_type, aggregate_id, sequence, event_type, recorded_at,
                        case event_type
                            when 'OrderPlaced' then jsonb_build_object(
                                'number', payload -> 'number',
                                'service_id', payload -> 'service_id',
                                'link', payload -> 'link',
                                'is_remainder', payload ? 'remainder_of'
                            )
                            when 'OrderStatusChanged' then jsonb_build_object(
                                'status', coalesce(payload -> 'overall' -> 'status', payload -> 'status')
                            )
                            when 'RemainderStatusChanged' then payload -> 'overall'
                            else 'null'::jsonb
                        end as payload
                 from events
                 where position > $1 and position <= $2
                   and event_type in (
                       'OrderPlaced', 'AttemptStarted', 'AttemptRefused', 'AttemptNotSent', 'AttemptSettled',
                       'OrderDeferred', 'OrderFailed', 'OrderStatusChanged', 'RemainderStatusChanged',
                       'ServiceLinkLockSet'
                   )
                 order by position
                 limit $3"
            }
        }
    }
}
