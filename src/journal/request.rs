use std::{collections::HashMap, fmt};

use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

use super::{AppendError, text};
use crate::{
    domain::{Aggregate, Event, Position},
    request_id::{METADATA_KEY, RequestId},
};

/// Name of a stream: what kind of thing it is about, and which one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamId {
    /// [`Aggregate::TYPE`].
    pub aggregate_type: &'static str,
    /// Which one.
    pub id: String,
}

impl StreamId {
    /// Names the stream of one aggregate.
    pub fn of<A: Aggregate>(id: impl fmt::Display) -> Self {
        Self { aggregate_type: A::TYPE, id: id.to_string() }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.aggregate_type, self.id)
    }
}

/// Events for one or several streams, to be appended wholly or not at all.
#[derive(Debug, Clone)]
pub struct AppendRequest {
    pub(super) streams: Vec<StreamAppend>,
    pub(super) metadata: String,
    malformed: Option<String>,
}

/// What a request asks of one stream. Without events it only demands that the stream has not moved.
#[derive(Debug, Clone)]
pub(super) struct StreamAppend {
    pub(super) stream: StreamId,
    pub(super) expected: i64,
    pub(super) events: Vec<NewEvent>,
}

/// An event as it is stored.
#[derive(Debug, Clone)]
pub(super) struct NewEvent {
    pub(super) id: Uuid,
    pub(super) event_type: &'static str,
    pub(super) version: &'static str,
    pub(super) payload: String,
}

/// Where a request's events stand in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Position of the request's last event; the journal's end where the request had none.
    pub position: Position,
    /// When they were recorded; monotone with the position.
    pub recorded_at: DateTime<Utc>,
}

/// An event and its place in its stream, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedEvent<'a> {
    pub(super) stream: &'a StreamId,
    pub(super) sequence: i64,
    pub(super) event: &'a NewEvent,
}

impl AppendRequest {
    /// Begins a request on behalf of a command, whose name goes into the events' metadata, with the id of the request
    /// that the running task works for.
    pub fn of_command(name: &str) -> Self {
        let mut metadata = HashMap::from([("command".to_owned(), name.to_owned())]);
        if let Some(id) = RequestId::current() {
            metadata.insert(METADATA_KEY.to_owned(), id.to_string());
        }
        Self::with_metadata(&metadata)
    }

    /// Begins a request whose events carry this metadata: a flat map, which stock loading can read.
    pub fn with_metadata(metadata: &HashMap<String, String>) -> Self {
        let metadata = serde_json::json!(metadata).to_string();
        Self { streams: vec![], metadata, malformed: None }
    }

    /// Adds events to a stream whose head is expected at a version; 0 for a stream that does not exist yet.
    #[must_use]
    pub fn append<A: Aggregate>(
        mut self,
        id: impl fmt::Display,
        expected: i64,
        events: &[A::Event],
    ) -> Self {
        let events = events.iter().filter_map(|event| match NewEvent::of(event) {
            Ok(event) => Some(event),
            Err(error) => {
                self.malformed = Some(error.to_string());
                None
            }
        });
        let events = events.collect();
        self.streams.push(StreamAppend { stream: StreamId::of::<A>(id), expected, events });
        self
    }

    /// Demands that a stream is still at a version, without adding to it.
    #[must_use]
    pub fn unless_moved<A: Aggregate>(self, id: impl fmt::Display, expected: i64) -> Self {
        self.append::<A>(id, expected, &[])
    }

    /// Tells whether the request would change nothing.
    pub fn is_empty(&self) -> bool {
        self.malformed.is_none() && self.streams.iter().all(|stream| stream.events.is_empty())
    }

    /// One bad text must not fail its neighbours in a batch, so it is found before the request is queued.
    pub(super) fn check(&self) -> Result<(), AppendError> {
        if let Some(malformed) = &self.malformed {
            return Err(AppendError::Invalid(malformed.clone()));
        }
        let texts = self.events().map(|event| &event.payload);
        if self.streams.iter().any(|append| append.stream.id.contains('\0'))
            || texts.chain([&self.metadata]).any(|json| text::holds_nul(json))
        {
            return Err(AppendError::Invalid("a text contains U+0000".to_owned()));
        }
        Ok(())
    }

    /// Its events with their streams and places in these, in the order in which they are appended.
    pub(super) fn placed_events(&self) -> impl Iterator<Item = PlacedEvent<'_>> {
        self.streams.iter().flat_map(|append| {
            let events = append.events.iter().zip(append.expected + 1..);
            events.map(|(event, sequence)| PlacedEvent { stream: &append.stream, sequence, event })
        })
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &NewEvent> {
        self.streams.iter().flat_map(|append| &append.events)
    }

    pub(super) fn event_count(&self) -> usize {
        self.streams.iter().map(|append| append.events.len()).sum()
    }

    /// About what the request weighs on the wire.
    pub(super) fn bytes(&self) -> usize {
        self.events().map(|event| event.payload.len() + self.metadata.len() + 200).sum()
    }
}

impl NewEvent {
    fn of(event: &impl Event) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: new_id(),
            event_type: event.event_type(),
            version: event.version(),
            payload: serde_json::to_string(event)?,
        })
    }
}

/// Makes up an id for an event. It is looked for together with the event's stream and place, so quick randomness is enough,
/// and the operating system is not asked for better at every event.
fn new_id() -> Uuid {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let now = Utc::now().timestamp_millis().unsigned_abs();
    Builder::from_unix_timestamp_millis(now, &random).into_uuid()
}
