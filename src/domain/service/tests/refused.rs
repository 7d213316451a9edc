//! A service that its provider refuses, though its list has it.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;

fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_016_000, 0).unwrap() + TimeDelta::hours(hours)
}

fn refuse(hours: i64) -> ServiceCommand {
    ServiceCommand::Suspend { reason: "Incorrect service ID".to_owned(), now: hour(hours) }
}

fn suspended(since: i64, until: i64, trips: i32) -> ServiceEvent {
    ServiceEvent::ServiceSuspended {
        provider_id: provider_id(),
        reason: "Incorrect service ID".to_owned(),
        since: hour(since),
        until: hour(until),
        trips,
    }
}

fn resumed(by: ServiceResumedBy, hours: i64) -> ServiceEvent {
    ServiceEvent::ServiceResumed { by, at: hour(hours) }
}

#[test]
fn refused_service_is_set_aside_once() {
    given([imported()]).when(refuse(0)).then_expect_events(vec![suspended(0, 0, 1)]);
    given([imported(), suspended(0, 0, 1)]).when(refuse(0)).then_expect_events(vec![]);
}

#[test]
fn list_that_was_asked_for_after_the_refusal_is_believed() {
    let back = resumed(ServiceResumedBy::Sync, 1);
    let listed = |hours| ServiceCommand::FindListed { at: hour(hours) };
    given([imported(), suspended(1, 1, 1)]).when(listed(0)).then_expect_events(vec![]);
    given([imported(), suspended(1, 1, 1)]).when(listed(1)).then_expect_events(vec![back]);
    given([imported()]).when(listed(1)).then_expect_events(vec![]);
}

#[test]
fn list_is_believed_later_after_each_further_refusal_within_a_day() {
    let mut history = vec![imported(), suspended(0, 0, 1)];
    for (now, trips, disbelief) in [(1, 2, 1), (3, 3, 2), (6, 4, 4), (12, 5, 8), (22, 6, 16)] {
        history.push(resumed(ServiceResumedBy::Operator, now));
        let again = suspended(now, now + disbelief, trips);
        given(history.clone()).when(refuse(now)).then_expect_events(vec![again.clone()]);
        history.push(again);
    }
    history.push(resumed(ServiceResumedBy::Operator, 23));
    given(history.clone()).when(refuse(23)).then_expect_events(vec![suspended(23, 47, 7)]);
    given(history).when(refuse(47)).then_expect_events(vec![suspended(47, 47, 1)]);
}

#[test]
fn operator_puts_a_service_back_and_sets_how_long_its_orders_wait() {
    let resume = || ServiceCommand::Resume { now: hour(1) };
    let back = resumed(ServiceResumedBy::Operator, 1);
    given([imported(), suspended(0, 9, 2)]).when(resume()).then_expect_events(vec![back]);
    given([imported()]).when(resume()).then_expect_events(vec![]);
    let limit = WaitLimit::try_new(15).ok();
    let set = ServiceEvent::ServiceWaitLimitSet { wait_minutes: limit };
    given([imported()])
        .when(ServiceCommand::SetWaitLimit(limit))
        .then_expect_events(vec![set.clone()]);
    given([imported(), set]).when(ServiceCommand::SetWaitLimit(limit)).then_expect_events(vec![]);
    assert_eq!(WaitLimit::try_new(-1), Err(InvalidWaitLimit(-1)));
    assert_eq!(WaitLimit::try_new(10_081), Err(InvalidWaitLimit(10_081)));
}
