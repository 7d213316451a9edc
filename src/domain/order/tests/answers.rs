//! The first answer to a running attempt, and answers to one in doubt.

use crate::domain::order::OrderError;

use super::*;

#[test]
fn order_id_places_the_attempt() {
    given([placed(), started(1)]).when(answer(1, an_id(1))).then_expect_events(vec![accepted(1)]);
}

#[test]
fn answer_without_a_clear_word_leaves_the_attempt_in_doubt_and_the_order_where_it_is() {
    let next = NextStep::Start(claim(2));
    given([placed(), started(1)])
        .when(answer_then(1, no_clear_word(), next))
        .then_expect_events(vec![in_doubt(1)]);
}

#[test]
fn attempt_that_was_not_sent_frees_the_order() {
    given([placed(), started(1)])
        .when(answer(1, nothing_sent()))
        .then_expect_events(vec![not_sent(1)]);
}

#[test]
fn answer_to_an_attempt_that_never_started_is_refused() {
    given([placed(), started(1)])
        .when(answer(2, an_id(2)))
        .then_expect_error(OrderError::NoSuchAttempt);
}

#[test]
fn clear_word_ends_the_doubt() {
    let doubtful = || given([placed(), started(1), in_doubt(1)]);
    doubtful().when(answer(1, an_id(1))).then_expect_events(vec![accepted(1)]);
    doubtful().when(answer(1, nothing_sent())).then_expect_events(vec![not_sent(1)]);
    doubtful()
        .when(answer_then(1, a_refusal(RefusalClass::Overload), NextStep::Start(claim(2))))
        .then_expect_events(vec![
            refused(1, RefusalClass::Overload),
            failed_over(1, Some(2), "no"),
            started(2),
        ]);
}

#[test]
fn second_doubt_adds_nothing() {
    given([placed(), started(1), in_doubt(1)])
        .when(answer(1, no_clear_word()))
        .then_expect_events(vec![]);
}

#[test]
fn same_answer_again_adds_nothing() {
    given([placed(), started(1), accepted(1)]).when(answer(1, an_id(1))).then_expect_events(vec![]);
    let class = RefusalClass::Link;
    given([placed(), started(1), refused(1, class), failed_over(1, None, "no"), failed("no")])
        .when(answer(1, a_refusal(class)))
        .then_expect_events(vec![]);
    given([placed(), started(1), not_sent(1)])
        .when(answer(1, nothing_sent()))
        .then_expect_events(vec![]);
}
