//! The stored shape of every event. Journals live for years, so a payload that was once written must always be read.
//!
//! `tests/golden/<aggregate>/<event>.v<version>.json` is what the journal holds. Files of old versions stay.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use serde_json::Value;
use signalbox::domain::{
    Aggregate, Event,
    order::{Order, OrderEvent},
    provider::{Provider, ProviderEvent},
    refusal::{RefusalText, RefusalTextEvent},
    reservation::{Reservation, ReservationEvent},
    service::{Service, ServiceEvent},
    sync::{SyncEvent, SyncRun},
};

use crate::{golden_catalogue, golden_orders};

/// Set to write the files of new events. A file that is there is never overwritten.
const WRITE: &str = "SIGNALBOX_WRITE_GOLDEN";

/// The only payload fields that are numbers, all of them whole.
const WHOLE_NUMBERS: &[&str] = &[
    "attempt",
    "backups",
    "basis",
    "calls_per_1000_s",
    "catalogue_timeout_s",
    "chosen",
    "concurrent_calls",
    "delisted",
    "delivered_ppm_sum",
    "delivery_ppm",
    "ended",
    "imported",
    "judged",
    "mapping_priority",
    "max",
    "min",
    "move_ppm",
    "number",
    "order_timeout_s",
    "per_run",
    "placed",
    "placement_ppm",
    "priority",
    "provider_priority",
    "quantity",
    "read_timeout_s",
    "remains",
    "response_ms",
    "response_ms_sum",
    "responses",
    "retry_after_seconds",
    "score_ppm",
    "share_ppm",
    "speed_ppm",
    "start_count",
    "sync_interval_minutes",
    "trips",
    "unchanged",
    "undelivered",
    "updated",
    "wait_minutes",
];

/// An event and its file's name: that of the event, and what sets this one apart from others of its type.
pub(crate) type Example<E> = (&'static str, E);

/// Names of the events of all aggregates.
pub(crate) fn event_types() -> Vec<&'static str> {
    [
        ProviderEvent::TYPES,
        ServiceEvent::TYPES,
        SyncEvent::TYPES,
        OrderEvent::TYPES,
        ReservationEvent::TYPES,
        RefusalTextEvent::TYPES,
    ]
    .concat()
}

#[test]
fn stored_shape_of_order_events_is_as_ever() {
    stored_shape_is_as_ever::<Order>(golden_orders::examples());
}

#[test]
fn stored_shape_of_provider_events_is_as_ever() {
    stored_shape_is_as_ever::<Provider>(golden_catalogue::provider_examples());
}

#[test]
fn stored_shape_of_service_events_is_as_ever() {
    stored_shape_is_as_ever::<Service>(golden_catalogue::service_examples());
}

#[test]
fn stored_shape_of_sync_events_is_as_ever() {
    stored_shape_is_as_ever::<SyncRun>(golden_catalogue::sync_examples());
}

#[test]
fn stored_shape_of_reservation_events_is_as_ever() {
    stored_shape_is_as_ever::<Reservation>(golden_catalogue::reservation_examples());
}

#[test]
fn stored_shape_of_refusal_text_events_is_as_ever() {
    stored_shape_is_as_ever::<RefusalText>(golden_catalogue::refusal_text_examples());
}

#[test]
fn event_names_are_unique_over_all_aggregates() {
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = event_types().into_iter().filter(|name| !seen.insert(*name)).collect();
    assert!(twice.is_empty(), "{twice:?}: projections tell events by their names; rename one");
}

fn stored_shape_is_as_ever<A: Aggregate>(examples: Vec<Example<A::Event>>) {
    let shown: BTreeSet<_> = examples.iter().map(|(_, event)| event.event_type()).collect();
    let missing: Vec<_> = A::Event::TYPES.iter().filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} have no example: add one to tests/it/golden_*.rs");
    for (name, event) in &examples {
        assert!(name.starts_with(event.event_type()), "{name} names another event");
        is_stored_as_ever::<A>(name, event);
    }
    every_file_can_be_read::<A>();
}

fn is_stored_as_ever<A: Aggregate>(name: &str, event: &A::Event) {
    let stored = serde_json::to_string_pretty(event).unwrap() + "\n";
    let file = folder::<A>().join(format!("{name}.v{}.json", event.version()));
    if !file.exists() {
        let shown = file.display();
        assert!(env::var_os(WRITE).is_some(), "no {shown}: for a new event, run with {WRITE}=1");
        fs::create_dir_all(folder::<A>()).unwrap();
        fs::write(&file, &stored).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap();
    assert_eq!(
        golden, stored,
        "{name} is stored in another shape than journals have it: change it back, or raise its \
         version and let readers and folds know both"
    );
    assert_eq!(
        &serde_json::from_str::<A::Event>(&golden).unwrap(),
        event,
        "{name} reads otherwise"
    );
    let payload: Value = serde_json::from_str(&golden).unwrap();
    assert_eq!(payload["type"], event.event_type());
    numbers_are_whole(name, "", &payload);
}

/// Files of old versions have no example any more, and are read all the same.
fn every_file_can_be_read<A: Aggregate>() {
    for entry in fs::read_dir(folder::<A>()).unwrap() {
        let path = entry.unwrap().path();
        let read = serde_json::from_str::<A::Event>(&fs::read_to_string(&path).unwrap());
        assert!(read.is_ok(), "{}: {read:?}", path.display());
    }
}

/// A float would round, and its text would differ between writers; amounts and ids are strings.
fn numbers_are_whole(event: &str, field: &str, value: &Value) {
    match value {
        Value::Number(number) => {
            assert!(number.is_i64(), "{event}: `{field}` is {number}, which is not whole");
            assert!(
                WHOLE_NUMBERS.contains(&field),
                "{event}: `{field}` is a number: store amounts and ids as strings, and name a \
                 whole number in WHOLE_NUMBERS"
            );
        }
        Value::Array(items) => items.iter().for_each(|item| numbers_are_whole(event, field, item)),
        Value::Object(fields) => {
            fields.iter().for_each(|(field, value)| numbers_are_whole(event, field, value));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn folder<A: Aggregate>() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(A::TYPE)
}
