//! Binds the domain's aggregates to `cqrs-es`, and its event store to the journal.

use std::{collections::HashMap, sync::Arc};

use cqrs_es::{
    AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore,
    event_sink::EventSink,
    persist::{PersistedEventRepository, PersistenceError, SerializedEvent},
};
use postgres_es::PostgresEventRepository;

use super::recent::RecentStates;
use crate::{
    domain::{
        self, Event,
        calls::{CallsEvent, ProviderCalls},
        order::{Order, OrderEvent},
        provider::{Provider, ProviderEvent},
        refusal::{RefusalText, RefusalTextEvent},
        reservation::{Reservation, ReservationEvent},
        service::{Service, ServiceEvent},
        sync::{SyncEvent, SyncRun},
    },
    journal::{AppendError, AppendRequest, Journal, StreamId},
    request_id::{METADATA_KEY, RequestId},
};

/// An aggregate that both the domain and `cqrs-es` know as one.
pub trait Stored:
    domain::Aggregate
    + cqrs_es::Aggregate<
        Command = <Self as domain::Aggregate>::Command,
        Event = <Self as domain::Aggregate>::Event,
        Error = <Self as domain::Aggregate>::Error,
        Services = (),
    >
{
}

macro_rules! stored {
    ($($aggregate:ty => $event:ty),+ $(,)?) => {$(
        impl DomainEvent for $event {
            fn event_type(&self) -> String {
                Event::event_type(self).to_owned()
            }

            fn event_version(&self) -> String {
                Event::version(self).to_owned()
            }
        }

        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = <Self as domain::Aggregate>::TYPE;
            type Command = <Self as domain::Aggregate>::Command;
            type Event = $event;
            type Error = <Self as domain::Aggregate>::Error;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in domain::Aggregate::decide(self, command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                domain::Aggregate::evolve(self, &event);
            }
        }

        impl Stored for $aggregate {}
    )+};
}

stored! {
    Order => OrderEvent,
    Provider => ProviderEvent,
    ProviderCalls => CallsEvent,
    RefusalText => RefusalTextEvent,
    Reservation => ReservationEvent,
    Service => ServiceEvent,
    SyncRun => SyncEvent,
}

/// A stream, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded<A> {
    /// Id of the stream.
    pub id: String,
    /// Its state.
    pub aggregate: A,
    /// Its head; 0 where nothing has happened.
    pub version: i64,
    /// The request that began it, where one did.
    pub request_id: Option<RequestId>,
}

impl<A: Stored> AggregateContext<A> for Loaded<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

/// The journal as `cqrs-es` sees it: streams are read by the stock repository, and written by the one appender. The states
/// to which this process's own appends led are not read again. Cheap to clone.
#[derive(Clone)]
pub struct JournalStore {
    journal: Journal,
    recent: Arc<RecentStates>,
}

impl std::fmt::Debug for JournalStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalStore").finish_non_exhaustive()
    }
}

impl JournalStore {
    /// Opens a journal.
    pub fn new(journal: Journal) -> Self {
        Self { journal, recent: Arc::default() }
    }

    /// Takes the caller's word that a stream has not begun, as of one whose id it has just made up: its first command is
    /// decided without a look at the journal, and conflicts where the word was wrong.
    pub fn begin<A: Stored>(&self, id: &str) {
        self.recent.keep(Loaded::<A> { id: id.to_owned(), ..Loaded::default() });
    }

    /// Reads a stream and folds it.
    ///
    /// # Errors
    /// Where the database cannot be asked, or holds an event that cannot be read.
    pub async fn load<A: Stored>(
        &self,
        id: &str,
    ) -> Result<Loaded<A>, AggregateError<<A as cqrs_es::Aggregate>::Error>> {
        let mut loaded = Loaded::<A> { id: id.to_owned(), ..Loaded::default() };
        for envelope in EventStore::<A>::load_events(self, id).await? {
            if loaded.version == 0 {
                let id = envelope.metadata.get(METADATA_KEY);
                loaded.request_id = id.and_then(|id| RequestId::try_new(id));
            }
            loaded.aggregate.apply(envelope.payload);
            loaded.version = envelope.sequence as i64;
        }
        Ok(loaded)
    }

    async fn read<A: Stored>(&self, id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        PostgresEventRepository::new(self.journal.pool().clone()).get_events::<A>(id).await
    }
}

impl<A: Stored> EventStore<A> for JournalStore {
    type AC = Loaded<A>;

    async fn load_events(
        &self,
        id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<<A as cqrs_es::Aggregate>::Error>> {
        let events = self.read::<A>(id).await?;
        let envelopes = events.into_iter().map(EventEnvelope::try_from);
        Ok(envelopes.collect::<Result<_, PersistenceError>>()?)
    }

    /// Returns a recent state without a look at the journal: an append that it leads to conflicts where another process
    /// has moved the stream. A stream that has not begun is not read either.
    async fn load_aggregate(
        &self,
        id: &str,
    ) -> Result<Loaded<A>, AggregateError<<A as cqrs_es::Aggregate>::Error>> {
        if let Some(recent) = self.recent.take(id) {
            return Ok(recent);
        }
        let head = self.journal.head_of(StreamId::of::<A>(id)).await;
        match head.map_err(|error| AggregateError::DatabaseConnectionError(error.into()))? {
            0 => Ok(Loaded { id: id.to_owned(), ..Loaded::default() }),
            _ => self.load(id).await,
        }
    }

    async fn commit(
        &self,
        events: Vec<<A as cqrs_es::Aggregate>::Event>,
        context: Loaded<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<<A as cqrs_es::Aggregate>::Error>> {
        let Loaded { id, aggregate, version, request_id } = context;
        let request = AppendRequest::with_metadata(&metadata).append::<A>(&id, version, &events);
        self.journal.append(request).await.map_err(|error| match error {
            AppendError::Conflict(_) => AggregateError::AggregateConflict,
            AppendError::Unavailable(_) => AggregateError::DatabaseConnectionError(error.into()),
            AppendError::Invalid(_) | AppendError::OutcomeUnknown => {
                AggregateError::UnexpectedError(error.into())
            }
        })?;
        let moved = version + events.len() as i64;
        self.recent.keep(Loaded { id: id.clone(), aggregate, version: moved, request_id });
        let envelopes = events.into_iter().zip(version + 1..).map(|(payload, sequence)| {
            let (aggregate_id, metadata) = (id.clone(), metadata.clone());
            EventEnvelope { aggregate_id, sequence: sequence as usize, payload, metadata }
        });
        Ok(envelopes.collect())
    }
}
