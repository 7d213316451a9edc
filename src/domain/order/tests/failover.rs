//! Where an order goes after a refusal: what the class allows of what the caller has at hand.

use test_case::test_matrix;

use crate::domain::{
    Aggregate,
    order::Order,
    refusal::RefusalClass::{
        BadKey, Dialect, Link, LinkBusy, Maintenance, Overload, Quantity, ServiceGone, Unreachable,
        WalletEmpty,
    },
    routing::Exclusion,
};

use super::*;

fn after_refusal(class: RefusalClass, next: NextStep) -> Vec<OrderEvent> {
    let executor = given([placed(), started(1)]);
    executor.when(answer_then(1, a_refusal(class), next)).inspect_result().unwrap()
}

#[test_matrix([WalletEmpty, BadKey, ServiceGone, Quantity, Overload, Maintenance, Dialect, Unreachable])]
fn refusal_that_another_provider_may_not_share_goes_where_the_caller_says(class: RefusalClass) {
    assert_eq!(
        after_refusal(class, NextStep::Start(claim(2))),
        [refused(1, class), failed_over(1, Some(2), "no"), started(2)]
    );
    assert_eq!(
        after_refusal(class, NextStep::Queue(provider(2))),
        [refused(1, class), failed_over(1, Some(2), "no")]
    );
    assert_eq!(
        after_refusal(class, NextStep::Wait(minute(9))),
        [refused(1, class), failed_over(1, None, "no"), deferred(minute(9))]
    );
    assert_eq!(
        after_refusal(class, NextStep::GiveUp(None)),
        [refused(1, class), failed_over(1, None, "no"), failed("no")]
    );
}

#[test]
fn refused_link_ends_the_order_wherever_the_caller_would_go() {
    let steps = [
        NextStep::Start(claim(2)),
        NextStep::Queue(provider(2)),
        NextStep::Wait(minute(9)),
        NextStep::GiveUp(None),
    ];
    for next in steps {
        assert_eq!(
            after_refusal(Link, next),
            [refused(1, Link), failed_over(1, None, "no"), failed("no")]
        );
    }
}

#[test]
fn busy_link_waits_for_the_same_provider() {
    assert_eq!(
        after_refusal(LinkBusy, NextStep::Wait(minute(9))),
        [refused(1, LinkBusy), failed_over(1, None, "no"), deferred(minute(9))]
    );
}

#[test]
fn busy_link_never_goes_to_another_provider() {
    for next in [NextStep::Start(claim(2)), NextStep::Queue(provider(2)), NextStep::GiveUp(None)] {
        assert_eq!(
            after_refusal(LinkBusy, next),
            [refused(1, LinkBusy), failed_over(1, None, "no"), failed("no")]
        );
    }
}

#[test]
fn busy_link_is_waited_for_a_hundred_times_at_most() {
    let tries = |count: i32| {
        (1..=count).flat_map(|n| [started(n), refused(n, LinkBusy), deferred(minute(9))])
    };
    let answered = |after: i32| {
        let last = after + 1;
        let history = [placed()].into_iter().chain(tries(after)).chain([started(last)]);
        given(history)
            .when(answer_then(last, a_refusal(LinkBusy), NextStep::Wait(minute(9))))
            .inspect_result()
            .unwrap()
            .pop()
    };
    assert_eq!(answered(98), Some(deferred(minute(9))));
    assert_eq!(answered(99), Some(failed("no")));
}

#[test]
fn candidate_is_exhausted_by_every_end_but_a_busy_link_and_an_unsent_attempt() {
    let tried = |events: Vec<OrderEvent>| {
        let mut order = Order::default();
        [placed(), started(1)].iter().chain(&events).for_each(|event| order.evolve(event));
        order.bars(service(1)) == Some(Exclusion::AlreadyTried)
    };
    assert!(tried(vec![]));
    assert!(tried(vec![accepted(1)]));
    assert!(tried(vec![in_doubt(1)]));
    assert!(tried(vec![in_doubt(1), settled(1, SettledAs::NotPlaced)]));
    assert!(tried(vec![refused(1, Overload)]));
    assert!(!tried(vec![refused(1, LinkBusy)]));
    assert!(!tried(vec![not_sent(1)]));
}

#[test]
fn order_that_waits_for_its_link_goes_to_no_other_provider() {
    let mut order = Order::default();
    [placed(), started(1), refused(1, LinkBusy), deferred(minute(9))]
        .iter()
        .for_each(|event| order.evolve(event));
    assert_eq!(order.bars(service(1)), None);
    assert_eq!(order.bars(service(2)), Some(Exclusion::WaitsForLink));
}
