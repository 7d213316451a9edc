use std::{collections::HashMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{Page, PageRequest, ReadError, Reads};
use crate::domain::{Aggregate, OrderId, order::Order};

/// One entry of the journal.
#[derive(Debug, Clone, FromRow)]
pub struct EventRow {
    /// Its place; the key of pages.
    pub position: i64,
    /// What kind of thing it happened to.
    pub aggregate_type: String,
    /// To which.
    pub aggregate_id: String,
    /// Its place among what happened to that thing, from 1.
    pub sequence: i32,
    /// What happened.
    pub event_type: String,
    /// The facts.
    pub payload: Value,
    /// Who asked for it, and the like.
    pub metadata: Value,
    /// When it was recorded; never earlier than the event before.
    pub recorded_at: DateTime<Utc>,
}

/// Name of a stream as clients write it: `order-0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamName {
    aggregate_type: String,
    aggregate_id: String,
}

/// A text that is not the name of a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream is named by its type and id, as in order-0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11")]
pub struct InvalidStream;

impl FromStr for StreamName {
    type Err = InvalidStream;

    fn from_str(text: &str) -> Result<Self, InvalidStream> {
        match text.split_once('-') {
            Some((kind, id)) if !kind.is_empty() && !id.is_empty() => {
                Ok(Self { aggregate_type: kind.to_owned(), aggregate_id: id.to_owned() })
            }
            _ => Err(InvalidStream),
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.aggregate_type, self.aggregate_id)
    }
}

impl EventRow {
    /// Returns the name of the stream that it belongs to.
    pub fn stream(&self) -> StreamName {
        StreamName {
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id.clone(),
        }
    }
}

/// Which events are asked for.
#[derive(Debug, Clone, Default)]
pub struct EventSelection {
    /// Of this stream.
    pub stream: Option<StreamName>,
    /// Of one of these types.
    pub types: Option<Vec<String>>,
    /// Recorded at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before this instant.
    pub until: Option<DateTime<Utc>>,
}

/// Positions that may be read: above the first, below the second.
type Bounds = (i64, i64);

macro_rules! event_columns {
    () => {
        "e.position, e.aggregate_type, e.aggregate_id, e.sequence::int as sequence, e.event_type, e.payload,
         e.metadata, e.recorded_at"
    };
}

impl EventSelection {
    /// Types are merged in the order of positions, each read by its own index range.
    fn push_onto(&self, query: &mut QueryBuilder<'_, Postgres>, bounds: Bounds, limit: i64) {
        match (&self.stream, &self.types) {
            (None, Some(types)) => {
                query.push(" from (select distinct unnest(").push_bind(types.clone());
                query.push("::text[]) as type) as wanted cross join lateral (");
                query.push("select * from events where event_type = wanted.type");
                push_bounds(query, bounds);
                query.push(" order by position limit ").push_bind(limit).push(") as e");
            }
            (stream, types) => {
                query.push(" from events e where true");
                push_bounds(query, bounds);
                if let Some(stream) = stream {
                    query.push(" and e.aggregate_type = ").push_bind(stream.aggregate_type.clone());
                    query.push(" and e.aggregate_id = ").push_bind(stream.aggregate_id.clone());
                }
                if let Some(types) = types {
                    query.push(" and e.event_type = any(").push_bind(types.clone()).push(")");
                }
            }
        }
        query.push(" order by e.position limit ").push_bind(limit);
    }
}

fn push_bounds(query: &mut QueryBuilder<'_, Postgres>, (above, below): Bounds) {
    query.push(" and position > ").push_bind(above);
    query.push(" and position < ").push_bind(below);
}

/// Finds the first position at or after an instant by halving: positions are gapless and in the order of time, so the
/// journal is a sorted list that needs no index on the time. Returns the position after the head where there is none.
const FIRST_POSITION_SINCE: &str = "
    with recursive halving (below, found) as (
        select 0::bigint, (select position from journal_head) + 1
        union all
        select case when e.recorded_at < $1 then e.position else h.below end,
               case when e.recorded_at < $1 then h.found else e.position end
        from halving h
        join events e on e.position = (h.below + h.found) / 2
        where h.found - h.below > 1
    )
    select min(found) from halving";

impl Reads {
    /// Lists events, oldest first, from the key on, which is a position.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn events(
        &self,
        selection: &EventSelection,
        page: PageRequest,
    ) -> Result<Page<EventRow>, ReadError> {
        let mut bounds = (page.after.unwrap_or(0), i64::MAX);
        if let Some(since) = selection.since {
            bounds.0 = bounds.0.max(self.first_position_since(since).await? - 1);
        }
        if let Some(until) = selection.until {
            bounds.1 = self.first_position_since(until).await?;
        }
        let mut query = QueryBuilder::new(concat!("select ", event_columns!()));
        selection.push_onto(&mut query, bounds, page.limit());
        Ok(page.page(query.build_query_as().fetch_all(&self.pool).await?))
    }

    async fn first_position_since(&self, at: DateTime<Utc>) -> Result<i64, ReadError> {
        Ok(sqlx::query_scalar(FIRST_POSITION_SINCE).bind(at).fetch_one(&self.pool).await?)
    }

    /// Lists all that happened to each order, oldest first.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn timelines(
        &self,
        orders: &[OrderId],
    ) -> Result<HashMap<OrderId, Vec<EventRow>>, ReadError> {
        let ids: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
        let sql = concat!(
            "select wanted.id, ",
            event_columns!(),
            " from unnest($2::uuid[]) as wanted (id)
              cross join lateral (
                  select * from events where aggregate_type = $1 and aggregate_id = wanted.id::text
              ) as e
              order by e.position"
        );
        let rows: Vec<TimelineRow> =
            sqlx::query_as(sql).bind(Order::TYPE).bind(ids).fetch_all(&self.pool).await?;
        let mut timelines: HashMap<OrderId, Vec<EventRow>> = HashMap::new();
        for row in rows {
            timelines.entry(OrderId(row.id)).or_default().push(row.event);
        }
        Ok(timelines)
    }
}

#[derive(FromRow)]
struct TimelineRow {
    id: Uuid,
    #[sqlx(flatten)]
    event: EventRow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_is_named_by_its_type_and_id() {
        let name: StreamName = "order-0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11".parse().unwrap();
        assert_eq!(name.aggregate_type, "order");
        assert_eq!(name.to_string(), "order-0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11");
    }

    #[test]
    fn text_without_both_parts_names_no_stream() {
        for text in ["order", "-x", "order-", ""] {
            assert_eq!(text.parse::<StreamName>(), Err(InvalidStream));
        }
    }
}
