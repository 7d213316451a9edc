//! The calls of a minute, given, when, then.

use chrono::DateTime;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;
use crate::domain::{
    ProviderId,
    refusal::{ErrorText, TextClass},
};

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
    EndedCall { action, failure, text: None, duration_ms }
}

fn answered<'a>(action: &'a str, met: &'a MetText) -> EndedCall<'a> {
    EndedCall { text: Some(met), ..call(action, Some(CallFailureKind::Refused), 1) }
}

fn met(words: &str, class: TextClass) -> MetText {
    MetText { text: ErrorText::of(words), class }
}

/// An action's texts, with class and count.
type Texts = (String, Vec<(String, TextClass, i64)>);

fn texts_of(calls: &[EndedCall<'_>]) -> Vec<Texts> {
    let mut sums = CallSums::default();
    calls.iter().for_each(|call| sums.take(*call));
    let line = |it: TextCount| (it.text.as_str().to_owned(), it.class, it.count);
    let of = |it: ActionCalls| (it.action, it.texts.into_iter().map(line).collect());
    sums.into_actions().into_iter().map(of).collect()
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
        texts: vec![],
    };
    let status = ActionCalls {
        action: "status".to_owned(),
        calls: 1,
        failures: vec![],
        duration_ms_sum: 20,
        durations: vec![DurationCount { bucket: DurationBucket::of_ms(20), count: 1 }],
        texts: vec![],
    };
    given([]).when(sum(&calls)).then_expect_events(vec![summed(vec![add, status])]);
}

#[test]
fn error_texts_are_counted_by_action_as_they_were_last_taken() {
    use TextClass::{BadKey, Doubt};
    let (key, once, later) =
        (met("Invalid API key", BadKey), met("No order 7", Doubt), met("No order 8.", BadKey));
    let calls = [answered("status", &once), answered("balance", &key), answered("status", &later)];
    let expected = [
        ("balance".to_owned(), vec![("invalid api key".to_owned(), BadKey, 1)]),
        ("status".to_owned(), vec![("no order #".to_owned(), BadKey, 2)]),
    ];
    assert_eq!(texts_of(&calls), expected);
}

#[test]
fn texts_that_have_no_room_are_left_out_and_those_that_have_are_counted_on() {
    let words = (0..30).map(|n| met(&"x".repeat(n + 1), TextClass::Doubt));
    let met: Vec<MetText> = words.collect();
    let (some, rest) = met.split_at(10);
    let some = some.iter().map(|met| answered("balance", met));
    let calls: Vec<EndedCall<'_>> = some
        .chain(rest.iter().map(|met| answered("status", met)))
        .chain([answered("balance", &met[0])])
        .collect();
    let texts = texts_of(&calls);
    assert_eq!(texts.iter().map(|(_, texts)| texts.len()).sum::<usize>(), MAX_TEXTS);
    assert_eq!(texts[0].1[0], ("x".to_owned(), TextClass::Doubt, 2));
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
