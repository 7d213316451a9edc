//! Answers that come after the attempt was decided: an order id is never dropped, everything else is old news.

use super::*;

/// Attempt 1 was settled as not placed by mistake, so the order went on.
fn given_up(then: impl IntoIterator<Item = OrderEvent>) -> Vec<OrderEvent> {
    let history = [placed(), started(1), in_doubt(1), settled(1, SettledAs::NotPlaced)];
    history.into_iter().chain(then).collect()
}

#[test]
fn late_refusal_doubt_or_not_sent_changes_nothing() {
    let histories = [
        vec![placed(), started(1), accepted(1)],
        vec![placed(), started(1), not_sent(1)],
        given_up([]),
        given_up([started(2)]),
        given_up([failed("x")]),
    ];
    for history in histories {
        for late in [a_refusal(RefusalClass::Overload), no_clear_word(), nothing_sent()] {
            given(history.clone()).when(answer(1, late)).then_expect_events(vec![]);
        }
    }
}

#[test]
fn late_order_id_is_the_orders_own_while_nobody_else_was_asked() {
    let histories = [
        given_up([]),
        given_up([deferred(minute(9))]),
        vec![placed(), started(1), not_sent(1)],
        vec![placed(), started(1), refused(1, RefusalClass::Overload)],
    ];
    for history in histories {
        given(history).when(answer(1, an_id(1))).then_expect_events(vec![accepted(1)]);
    }
}

#[test]
fn late_order_id_of_an_earlier_attempt_is_the_orders_own_where_the_later_one_came_to_nothing() {
    given(given_up([started(2), refused(2, RefusalClass::Overload)]))
        .when(answer(1, an_id(1)))
        .then_expect_events(vec![accepted(1)]);
}

#[test]
fn late_order_id_is_a_duplicate_once_the_order_is_tried_or_placed_elsewhere_or_given_up() {
    let histories = [
        given_up([started(2)]),
        given_up([started(2), in_doubt(2)]),
        given_up([started(2), accepted(2)]),
        given_up([failed("x")]),
    ];
    for history in histories {
        given(history).when(answer(1, an_id(1))).then_expect_events(vec![duplicate(1)]);
    }
}

#[test]
fn duplicate_is_found_once() {
    given(given_up([started(2), duplicate(1)]))
        .when(answer(1, an_id(1)))
        .then_expect_events(vec![]);
}

#[test]
fn second_order_id_for_one_attempt_is_a_duplicate() {
    let other = ProviderAnswer::Placed { api_order_id: "999".to_owned(), response_ms: 120 };
    given([placed(), started(1), accepted(1)]).when(answer(1, other)).then_expect_events(vec![
        OrderEvent::DuplicateFound {
            attempt: 1,
            attempt_id: attempt(1),
            provider_id: provider(1),
            api_order_id: "999".to_owned(),
        },
    ]);
}

#[test]
fn order_that_turned_out_to_be_held_elsewhere_stays_there_when_the_later_attempt_is_refused() {
    for next in [NextStep::Start(claim(3)), NextStep::Queue(provider(3)), NextStep::GiveUp(None)] {
        let class = RefusalClass::Overload;
        given(given_up([started(2), duplicate(1)]))
            .when(answer_then(2, a_refusal(class), next))
            .then_expect_events(vec![
                refused(2, class),
                failed_over(2, Some(1), "no"),
                settled_in_place_of(1, 2),
            ]);
    }
}

#[test]
fn order_that_turned_out_to_be_held_elsewhere_stays_there_when_the_later_attempt_was_not_sent() {
    given(given_up([started(2), duplicate(1)]))
        .when(answer(2, nothing_sent()))
        .then_expect_events(vec![not_sent(2), settled_in_place_of(1, 2)]);
}

#[test]
fn order_that_turned_out_to_be_held_elsewhere_stays_there_when_the_later_attempt_is_settled_so() {
    given(given_up([started(2), in_doubt(2), duplicate(1)]))
        .when(settle(2, SettledAs::NotPlaced, NextStep::Start(claim(3))))
        .then_expect_events(vec![
            settled(2, SettledAs::NotPlaced),
            failed_over(2, Some(1), "settled as not placed: seen in the panel"),
            settled_in_place_of(1, 2),
        ]);
}
