//! The journal as stock `cqrs-es` and `postgres-es` see it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use cqrs_es::{AggregateError, CqrsFramework, EventEnvelope};
use postgres_es::PostgresEventRepository;
use signalbox::command::{JournalStore, Stored};
use signalbox::domain::calls::ProviderCalls;
use signalbox::domain::order::Order;
use signalbox::domain::provider::Provider;
use signalbox::domain::refusal::RefusalText;
use signalbox::domain::reservation::{Reservation, ReservationCommand, ReservationError, Subject};
use signalbox::domain::service::Service;
use signalbox::domain::sync::SyncRun;
use signalbox::domain::{Aggregate, OrderId, ProviderId};
use signalbox::journal::AppendRequest;
use sqlx::PgPool;
use uuid::Uuid;

use super::parts::{assert_gapless, burst, letters, open};
use crate::projections_history::{Entry, History};
use crate::support::database::TestDatabase;

/// One request for each event, as the command side would make it.
fn request(entry: &Entry) -> AppendRequest {
    fn of<A: Aggregate>(entry: &Entry) -> AppendRequest {
        let event: A::Event = serde_json::from_value(entry.payload.clone()).unwrap();
        let request = AppendRequest::of_command("history");
        request.append::<A>(&entry.aggregate_id, entry.sequence - 1, &[event])
    }
    match entry.aggregate_type {
        <Order as Aggregate>::TYPE => of::<Order>(entry),
        <Provider as Aggregate>::TYPE => of::<Provider>(entry),
        <ProviderCalls as Aggregate>::TYPE => of::<ProviderCalls>(entry),
        <RefusalText as Aggregate>::TYPE => of::<RefusalText>(entry),
        <Reservation as Aggregate>::TYPE => of::<Reservation>(entry),
        <Service as Aggregate>::TYPE => of::<Service>(entry),
        <SyncRun as Aggregate>::TYPE => of::<SyncRun>(entry),
        other => panic!("no aggregate {other}"),
    }
}

#[tokio::test]
async fn stock_repository_reads_every_stream_of_every_aggregate() {
    let database = TestDatabase::create().await;
    let journal = open(&database).await;
    let history = History::new(7, 6000);
    history.assert_complete();
    let answers = burst(&journal, history.entries.iter().map(request)).await;
    assert_eq!(letters(&answers), "a".repeat(history.entries.len()));
    assert_gapless(database.pool()).await;

    let mut streams: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in &history.entries {
        let stream = (entry.aggregate_type, entry.aggregate_id.as_str());
        streams.entry(stream).or_default().push(entry);
    }
    let types: BTreeSet<&str> = streams.keys().map(|stream| stream.0).collect();
    assert_eq!(types.len(), 7);
    for ((aggregate_type, id), entries) in streams {
        let pool = database.pool();
        match aggregate_type {
            <Order as Aggregate>::TYPE => assert_reads::<Order>(pool, id, &entries).await,
            <Provider as Aggregate>::TYPE => assert_reads::<Provider>(pool, id, &entries).await,
            <ProviderCalls as Aggregate>::TYPE => {
                assert_reads::<ProviderCalls>(pool, id, &entries).await;
            }
            <RefusalText as Aggregate>::TYPE => {
                assert_reads::<RefusalText>(pool, id, &entries).await;
            }
            <Reservation as Aggregate>::TYPE => {
                assert_reads::<Reservation>(pool, id, &entries).await;
            }
            <Service as Aggregate>::TYPE => assert_reads::<Service>(pool, id, &entries).await,
            _ => assert_reads::<SyncRun>(pool, id, &entries).await,
        }
    }
}

async fn assert_reads<A: Stored>(pool: &PgPool, id: &str, entries: &[&Entry]) {
    let repository = PostgresEventRepository::new(pool.clone());
    let stored: Vec<SerializedEvent> = repository.get_events::<A>(id).await.unwrap();
    assert_eq!(stored.len(), entries.len());
    for (stored, entry) in stored.into_iter().zip(entries) {
        let envelope: EventEnvelope<A> = stored.try_into().unwrap();
        assert_eq!(envelope.aggregate_id, id);
        assert_eq!(i64::try_from(envelope.sequence).unwrap(), entry.sequence);
        assert_eq!(serde_json::to_value(&envelope.payload).unwrap(), entry.payload);
        assert_eq!(envelope.metadata["command"], "history");
    }
}

#[tokio::test]
async fn stock_framework_runs_commands_over_the_journal() {
    let database = TestDatabase::create().await;
    let store = JournalStore::new(open(&database).await);
    let framework = CqrsFramework::<Reservation, _>::new(store, vec![], ());
    let held_by = |holder: u128| {
        Subject::provider_order(ProviderId::default(), "7", OrderId(Uuid::from_u128(holder)))
    };
    let id = held_by(1).stream_id();
    let metadata = HashMap::from([("command".to_owned(), "reserve".to_owned())]);
    let reserve = |holder| ReservationCommand::Reserve(held_by(holder));
    framework.execute_with_metadata(&id, reserve(1), metadata).await.unwrap();
    framework.execute(&id, reserve(1)).await.unwrap();
    let taken = framework.execute(&id, reserve(2)).await.unwrap_err();
    assert!(matches!(taken, AggregateError::UserError(ReservationError::Taken { .. })));
    let release = ReservationCommand::Release { holder: OrderId(Uuid::from_u128(1)).to_string() };
    framework.execute(&id, release).await.unwrap();
    framework.execute(&id, reserve(2)).await.unwrap();

    let repository = PostgresEventRepository::new(database.pool().clone());
    let stored = repository.get_events::<Reservation>(&id).await.unwrap();
    let types: Vec<_> = stored.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["Reserved", "ReservationReleased", "Reserved"]);
    assert_eq!(stored[0].metadata, serde_json::json!({"command": "reserve"}));
    assert_eq!(assert_gapless(database.pool()).await, 3);
}

#[tokio::test]
async fn word_that_a_stream_has_not_begun_is_checked_by_the_append() {
    let database = TestDatabase::create().await;
    let store = JournalStore::new(open(&database).await);
    let framework = CqrsFramework::<Reservation, _>::new(store.clone(), vec![], ());
    let held_by = |holder: u128| {
        Subject::provider_order(ProviderId::default(), "7", OrderId(Uuid::from_u128(holder)))
    };
    let id = held_by(1).stream_id();
    let reserve = |holder| ReservationCommand::Reserve(held_by(holder));
    store.begin::<Reservation>(&id);
    framework.execute(&id, reserve(1)).await.unwrap();
    store.begin::<Reservation>(&id);
    let conflict = framework.execute(&id, reserve(2)).await.unwrap_err();
    assert!(matches!(conflict, AggregateError::AggregateConflict), "{conflict}");
    let taken = framework.execute(&id, reserve(2)).await.unwrap_err();
    assert!(matches!(taken, AggregateError::UserError(ReservationError::Taken { .. })), "{taken}");
    assert_eq!(assert_gapless(database.pool()).await, 1);
}
