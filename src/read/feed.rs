//! The journal as it grows, for any number of readers.
//!
//! # Shape
//! A reader is nothing but a position. What was recorded last is kept in one place for all of them: the foremost reader
//! fetches it from the database, the others find it there. One that has fallen behind reads the database page by page.
//!
//! # Correctness
//! Positions have no gaps, so the event after a reader's position is the next one, wherever it is found: none is left out
//! and none repeated.
//!
//! # Cost
//! Nothing without readers; a statement per growth of the journal with any number of them, and memory for [`KEPT`] events
//! or [`KEPT_BYTES`] in all. A slow reader costs its own page.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::{
    sync::{Mutex, watch},
    time::sleep,
};

use super::{EventRow, EventSelection, PageRequest, ReadError, Reads};
use crate::domain::Position;

/// Most events that are kept for readers that come for them a little later.
const KEPT: usize = 1024;
/// Most bytes that these may take; the newest page is kept whatever its size.
const KEPT_BYTES: usize = 4 << 20;
/// Most events that a reader is handed at once.
const PAGE: usize = 100;
/// Between two tries to read while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// The journal from any position on, without end. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed {
    reads: Reads,
    head: watch::Receiver<Position>,
    recent: Arc<Mutex<Recent>>,
}

/// What was recorded last, without gaps, and the position before it.
#[derive(Debug, Default)]
struct Recent {
    before: i64,
    events: VecDeque<Arc<EventRow>>,
    bytes: usize,
}

/// Events that follow each other in the journal, oldest first; never none.
pub type FeedPage = Vec<Arc<EventRow>>;

impl Feed {
    /// Reads events as `head` tells that there are more.
    pub fn new(reads: Reads, head: watch::Receiver<Position>) -> Self {
        Self { reads, head, recent: Arc::default() }
    }

    /// Returns the end of the journal as the database has it.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn end(&self) -> Result<Position, ReadError> {
        let end = sqlx::query_scalar("select position from journal_head");
        Ok(Position(end.fetch_one(&self.reads.pool).await?))
    }

    /// Returns everything after a position: what is there already, then what comes, as it comes. While the database is
    /// away nothing comes; the stream ends with the journal's own.
    pub fn after(&self, position: Position) -> impl Stream<Item = FeedPage> + Send + use<> {
        stream::unfold((self.clone(), position.0), |(mut feed, after)| async move {
            let page = feed.next(after).await?;
            let last = page.last()?.position;
            Some((page, (feed, last)))
        })
    }

    async fn next(&mut self, after: i64) -> Option<FeedPage> {
        self.head.wait_for(|head| head.0 > after).await.ok()?;
        loop {
            match self.page(after).await {
                Ok(page) if !page.is_empty() => return Some(page),
                Ok(_) => tracing::error!(after, "the journal lacks a position that it has reached"),
                Err(error) => tracing::debug!(%error, "a reader of the journal waits"),
            }
            sleep(RETRY).await;
        }
    }

    async fn page(&self, after: i64) -> Result<FeedPage, ReadError> {
        let mut recent = self.recent.lock().await;
        if after < recent.before {
            drop(recent);
            return self.fetch(after).await;
        }
        let kept = recent.after(after);
        if !kept.is_empty() {
            return Ok(kept);
        }
        // With the lock in hand: who comes meanwhile finds what this one fetches.
        let page = self.fetch(after).await?;
        recent.append(after, &page);
        Ok(page)
    }

    async fn fetch(&self, after: i64) -> Result<FeedPage, ReadError> {
        let request = PageRequest { first: PAGE as i64, after: Some(after) };
        let page = self.reads.events(&EventSelection::default(), request).await?;
        Ok(page.rows.into_iter().map(Arc::new).collect())
    }
}

impl Recent {
    fn last(&self) -> i64 {
        self.before + self.events.len() as i64
    }

    fn after(&self, position: i64) -> FeedPage {
        let known = usize::try_from(position - self.before).unwrap_or(usize::MAX);
        self.events.iter().skip(known).take(PAGE).cloned().collect()
    }

    fn append(&mut self, after: i64, page: &[Arc<EventRow>]) {
        if after != self.last() {
            // Nobody was reading for a while.
            *self = Self { before: after, ..Self::default() };
        }
        for event in page {
            self.bytes += weight(event);
            self.events.push_back(Arc::clone(event));
        }
        while self.events.len() > page.len()
            && (self.events.len() > KEPT || self.bytes > KEPT_BYTES)
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(weight(&oldest));
            self.before += 1;
        }
    }
}

/// Estimates an event's size in memory, in bytes.
fn weight(event: &EventRow) -> usize {
    size_of::<EventRow>() + size_of_value(&event.payload) + size_of_value(&event.metadata)
}

fn size_of_value(value: &Value) -> usize {
    let content = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size_of_value).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
        }
    };
    size_of::<Value>() + content
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn page(positions: std::ops::RangeInclusive<i64>, payload: &str) -> FeedPage {
        let event = |position| EventRow {
            position,
            aggregate_type: "order".to_owned(),
            aggregate_id: "1".to_owned(),
            sequence: 1,
            event_type: "OrderPlaced".to_owned(),
            payload: Value::String(payload.to_owned()),
            metadata: Value::Null,
            recorded_at: DateTime::UNIX_EPOCH,
        };
        positions.map(event).map(Arc::new).collect()
    }

    fn positions(page: &[Arc<EventRow>]) -> Vec<i64> {
        page.iter().map(|event| event.position).collect()
    }

    #[test]
    fn reader_finds_what_follows_its_position() {
        let mut recent = Recent::default();
        recent.append(10, &page(11..=13, ""));
        recent.append(13, &page(14..=14, ""));
        assert_eq!((recent.before, recent.last()), (10, 14));
        assert_eq!(positions(&recent.after(12)), [13, 14]);
        assert_eq!(positions(&recent.after(14)), [0; 0]);
    }

    #[test]
    fn what_is_kept_begins_anew_where_nobody_was_reading() {
        let mut recent = Recent::default();
        recent.append(10, &page(11..=13, ""));
        recent.append(70, &page(71..=72, ""));
        assert_eq!((recent.before, recent.last()), (70, 72));
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_bytes() {
        let mut recent = Recent::default();
        for first in (1..=5000).step_by(100) {
            recent.append(first - 1, &page(first..=first + 99, ""));
        }
        assert_eq!((recent.events.len(), recent.last()), (KEPT, 5000));
        recent.append(5000, &page(5001..=5003, &"x".repeat(KEPT_BYTES / 2)));
        assert_eq!(positions(&recent.after(recent.before)), [5001, 5002, 5003]);
        recent.append(5003, &page(5004..=5004, ""));
        assert!(recent.bytes <= KEPT_BYTES && recent.last() == 5004);
    }
}
