//! A run of a sync, given, when, then.

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;
use crate::domain::{Incarnation, ProviderId};

fn given(events: impl IntoIterator<Item = SyncEvent>) -> AggregateTestExecutor<SyncRun> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn provider_id() -> ProviderId {
    ProviderId(Uuid::from_u128(1))
}

fn start() -> SyncCommand {
    SyncCommand::Start {
        provider_id: provider_id(),
        trigger: SyncTrigger::Manual,
        incarnation: Incarnation(Uuid::from_u128(2)),
    }
}

fn started() -> SyncEvent {
    SyncEvent::SyncStarted {
        provider_id: provider_id(),
        trigger: SyncTrigger::Manual,
        incarnation: Incarnation(Uuid::from_u128(2)),
    }
}

fn counts() -> SyncCounts {
    SyncCounts { imported: 1, updated: 2, delisted: 3, unchanged: 4 }
}

fn complete(errors: Vec<String>) -> SyncCommand {
    SyncCommand::Complete { counts: counts(), errors }
}

fn fail(errors: Vec<String>) -> SyncCommand {
    SyncCommand::Fail { counts: counts(), errors }
}

fn completed(errors: Vec<String>) -> SyncEvent {
    SyncEvent::SyncCompleted { provider_id: provider_id(), counts: counts(), errors }
}

fn failed(errors: Vec<String>) -> SyncEvent {
    SyncEvent::SyncFailed { provider_id: provider_id(), counts: counts(), errors }
}

fn row_errors(count: usize) -> Vec<String> {
    (1..=count).map(|row| format!("row {row}: no rate")).collect()
}

#[test]
fn run_starts() {
    given([]).when(start()).then_expect_events(vec![started()]);
}

#[test]
fn run_starts_once() {
    for history in [vec![started()], vec![started(), completed(vec![])]] {
        given(history).when(start()).then_expect_error(SyncError::AlreadyStarted);
    }
}

#[test]
fn run_ends_well_or_badly_with_its_counts_and_errors() {
    given([started()])
        .when(complete(row_errors(1)))
        .then_expect_events(vec![completed(row_errors(1))]);
    given([started()]).when(fail(row_errors(1))).then_expect_events(vec![failed(row_errors(1))]);
}

#[test]
fn run_that_is_not_under_way_does_not_end() {
    for history in
        [vec![], vec![started(), completed(vec![])], vec![started(), failed(row_errors(1))]]
    {
        for command in [complete(vec![]), fail(row_errors(1))] {
            given(history.clone()).when(command).then_expect_error(SyncError::NotRunning);
        }
    }
}

#[test]
fn errors_beyond_two_hundred_are_counted() {
    given([started()])
        .when(complete(row_errors(200)))
        .then_expect_events(vec![completed(row_errors(200))]);
    let mut kept = row_errors(200);
    kept.push("and 7 more".to_owned());
    given([started()]).when(complete(row_errors(207))).then_expect_events(vec![completed(kept)]);
}
