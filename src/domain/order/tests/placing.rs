use crate::domain::order::{OrderCommand, OrderError};

use super::*;

#[test]
fn order_is_placed_and_waits_where_no_permit_is_free() {
    given([]).when(place(None)).then_expect_events(vec![placed()]);
}

#[test]
fn order_is_placed_and_its_first_attempt_started_where_a_permit_is_in_hand() {
    given([]).when(place(Some(claim(1)))).then_expect_events(vec![placed(), started(1)]);
}

#[test]
fn order_is_placed_once() {
    given([placed()]).when(place(None)).then_expect_error(OrderError::AlreadyPlaced);
    given([placed(), failed("x")]).when(place(None)).then_expect_error(OrderError::AlreadyPlaced);
}

#[test]
fn nothing_but_placing_is_possible_before_an_order_is_placed() {
    for command in [
        OrderCommand::Start(claim(1)),
        answer(1, an_id(1)),
        settle(1, SettledAs::Placed, NextStep::GiveUp(None)),
        OrderCommand::Fail { reason: "x".to_owned(), decision: None },
    ] {
        given([]).when(command).then_expect_error(OrderError::NotFound);
    }
}

#[test]
fn attempt_starts_where_the_order_is_free() {
    let start = || OrderCommand::Start(claim(1));
    given([placed()]).when(start()).then_expect_events(vec![started(1)]);
    given([placed(), deferred(minute(9))]).when(start()).then_expect_events(vec![started(1)]);
}

#[test]
fn attempts_are_numbered_in_their_order() {
    given([placed(), started(1), not_sent(1), started(2), not_sent(2)])
        .when(OrderCommand::Start(claim(3)))
        .then_expect_events(vec![started(3)]);
}

#[test]
fn attempt_does_not_start_while_another_runs_or_holds_the_order_or_after_the_end() {
    for (history, why) in [
        (vec![placed(), started(1)], "a provider is being asked"),
        (vec![placed(), started(1), in_doubt(1)], "a provider may hold it"),
        (vec![placed(), started(1), accepted(1)], "a provider holds it"),
        (vec![placed(), failed("x")], "no provider took it"),
    ] {
        given(history.clone())
            .when(OrderCommand::Start(claim(2)))
            .then_expect_error(OrderError::NotFree(why));
        given(history)
            .when(OrderCommand::Fail { reason: "x".to_owned(), decision: None })
            .then_expect_error(OrderError::NotFree(why));
    }
}

#[test]
fn free_order_can_be_given_up() {
    given([placed()])
        .when(OrderCommand::Fail { reason: "no candidate is left".to_owned(), decision: None })
        .then_expect_events(vec![failed("no candidate is left")]);
}
