use async_graphql::{Object, SimpleObject, connection::PageInfo};

use super::{
    connection::follows_others,
    scalars::{DateTime, Json, Position},
};
use crate::read::{EventRow, Page};

#[derive(Debug, Clone)]
pub(super) struct Event(pub(super) EventRow);

/// One entry of the journal.
#[Object]
impl Event {
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    /// Type and id of what it happened to, as in `order-0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11`.
    async fn stream(&self) -> String {
        self.0.stream().to_string()
    }

    /// Its place in the stream, from 1.
    async fn version(&self) -> i32 {
        self.0.sequence
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.event_type
    }

    async fn payload(&self) -> Json {
        Json(self.0.payload.clone())
    }

    async fn metadata(&self) -> Json {
        Json(self.0.metadata.clone())
    }

    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// The cursor of an event is its position.
#[derive(SimpleObject)]
pub(super) struct EventEdge {
    cursor: Position,
    node: Event,
}

pub(super) struct EventConnection {
    pub(super) after: Option<i64>,
    pub(super) page: Page<EventRow>,
}

/// A part of the journal.
#[Object]
impl EventConnection {
    /// Information to aid in pagination.
    async fn page_info(&self) -> PageInfo {
        let cursor = |row: &EventRow| row.position.to_string();
        PageInfo {
            has_previous_page: follows_others(self.after),
            has_next_page: self.page.has_next,
            start_cursor: self.page.rows.first().map(cursor),
            end_cursor: self.page.rows.last().map(cursor),
        }
    }

    /// A list of edges.
    async fn edges(&self) -> Vec<EventEdge> {
        let edge =
            |row: &EventRow| EventEdge { cursor: Position(row.position), node: Event(row.clone()) };
        self.page.rows.iter().map(edge).collect()
    }

    /// A list of nodes.
    async fn nodes(&self) -> Vec<Event> {
        self.page.rows.iter().cloned().map(Event).collect()
    }
}
