//! An order that only providers can take which are set aside; and one that tries such a provider.

use crate::domain::{
    Aggregate,
    order::{Order, Progress, Waiting},
    refusal::RefusalClass,
    routing::{Candidate, Exclusion},
};

use super::*;

fn waiting(minutes: i64) -> Waiting {
    Waiting { until: minute(minutes), reason: "all rest".to_owned() }
}

fn waits(minutes: i64) -> OrderEvent {
    let until = minute(minutes);
    OrderEvent::OrderDeferred { until, reason: "all rest".to_owned(), gives_up_at: Some(until) }
}

/// Attempt `n` is to try whether its provider works again.
fn started_on_trial(n: i32) -> OrderEvent {
    let mut event = started(n);
    if let OrderEvent::AttemptStarted { decision, .. } = &mut event {
        decision.candidates = vec![Candidate {
            provider_id: provider(n),
            service_id: service(n),
            provider_service_id: n.to_string(),
            mapping_priority: None,
            provider_priority: 1,
            score_ppm: None,
            share_ppm: None,
            excluded: vec![],
            on_trial: true,
        }];
        decision.chosen = Some(0);
    }
    event
}

fn after(events: impl IntoIterator<Item = OrderEvent>) -> Order {
    let mut order = Order::default();
    events.into_iter().for_each(|event| order.evolve(&event));
    order
}

#[test]
fn order_waits_until_its_deadline_and_can_go_on_at_any_time() {
    given([placed()]).when(OrderCommand::Wait(waiting(60))).then_expect_events(vec![waits(60)]);
    let order = after([placed(), waits(60)]);
    assert_eq!(order.progress, Progress::Waiting(minute(60)));
    assert!(order.is_free());
    given([placed(), waits(60)])
        .when(OrderCommand::Start(claim(1)))
        .then_expect_events(vec![started(1)]);
    let order = after([placed(), waits(60), started(1), not_sent(1)]);
    assert_eq!((order.progress, order.gives_up_at), (Progress::Queued, Some(minute(60))));
}

#[test]
fn order_that_is_held_does_not_wait() {
    let wait = || OrderCommand::Wait(waiting(60));
    let held = given([placed(), started(1), accepted(1)]).when(wait());
    assert!(held.inspect_result().is_err());
    assert!(given([placed(), started(1)]).when(wait()).inspect_result().is_err());
}

#[test]
fn refused_order_waits_where_only_such_are_left_who_are_set_aside() {
    given([placed(), started(1)])
        .when(answer_then(1, a_refusal(RefusalClass::Overload), NextStep::Hold(waiting(60))))
        .then_expect_events(vec![
            refused(1, RefusalClass::Overload),
            failed_over(1, None, "no"),
            waits(60),
        ]);
    given([placed(), started(1)])
        .when(answer_then(1, a_refusal(RefusalClass::Link), NextStep::Hold(waiting(60))))
        .then_expect_events(vec![
            refused(1, RefusalClass::Link),
            failed_over(1, None, "no"),
            failed("no"),
        ]);
}

#[test]
fn trial_in_vain_leaves_the_order_free_to_go_there_again() {
    let bars =
        |event: OrderEvent, class| after([placed(), event, refused(1, class)]).bars(service(1));
    for class in [RefusalClass::Maintenance, RefusalClass::WalletEmpty, RefusalClass::Unreachable] {
        assert_eq!(bars(started(1), class), Some(Exclusion::AlreadyTried));
        assert_eq!(bars(started_on_trial(1), class), None);
    }
    let quantity = bars(started_on_trial(1), RefusalClass::Quantity);
    assert_eq!(quantity, Some(Exclusion::AlreadyTried));
}
