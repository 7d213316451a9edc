//! The calls of a minute, given, when, then.

use chrono::DateTime;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;
use crate::domain::ProviderId;

fn given(events: impl IntoIterator<Item = CallsEvent>) -> AggregateTestExecutor<ProviderCalls> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn sum(calls: &[EndedCall<'_>]) -> CallsCommand {
    let mut sums = CallSums::default();
    calls.iter().for_each(|call| sums.take(*call));
    CallsCommand::Sum { provider_id: provider_id(), minute: minute(), sums }
}

fn provider_id() -> ProviderId {
    ProviderId(Uuid::from_u128(1))
}

fn minute() -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_793_016_000, 0).unwrap()
}

fn call(action: &str, failure: Option<CallFailureKind>, duration_ms: i64) -> EndedCall<'_> {
    EndedCall { action, failure, duration_ms }
}

fn summed(actions: Vec<ActionCalls>) -> CallsEvent {
    CallsEvent::CallsSummed { provider_id: provider_id(), minute: minute(), actions }
}

#[test]
fn calls_are_summed_by_action_with_failures_and_times() {
    use CallFailureKind::{Refused, TimedOut};
    let calls = [
        call("status", None, 20),
        call("add", Some(Refused), 40),
        call("add", None, 41),
        call("add", Some(TimedOut), 30_000),
        call("add", Some(Refused), 45),
    ];
    let add = ActionCalls {
        action: "add".to_owned(),
        calls: 4,
        failures: vec![
            FailureCount { kind: TimedOut, count: 1 },
            FailureCount { kind: Refused, count: 2 },
        ],
        duration_ms_sum: 30_126,
        durations: vec![
            DurationCount { bucket: DurationBucket::of_ms(40), count: 2 },
            DurationCount { bucket: DurationBucket::of_ms(45), count: 1 },
            DurationCount { bucket: DurationBucket::of_ms(30_000), count: 1 },
        ],
    };
    let status = ActionCalls {
        action: "status".to_owned(),
        calls: 1,
        failures: vec![],
        duration_ms_sum: 20,
        durations: vec![DurationCount { bucket: DurationBucket::of_ms(20), count: 1 }],
    };
    given([]).when(sum(&calls)).then_expect_events(vec![summed(vec![add, status])]);
}

#[test]
fn minute_without_calls_has_no_event() {
    given([]).when(sum(&[])).then_expect_events(vec![]);
}

#[test]
fn minute_counts_once() {
    given([summed(vec![])])
        .when(sum(&[call("add", None, 1)]))
        .then_expect_error(CallsError::AlreadySummed);
}
