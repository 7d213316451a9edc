//! An operator's word on an attempt in doubt.

use crate::domain::order::{OrderCommand, OrderError};

use super::*;

fn doubtful() -> AggregateTestExecutor<Order> {
    given([placed(), started(1), in_doubt(1)])
}

fn word(settled_as: SettledAs, api_order_id: Option<&str>, now: DateTime<Utc>) -> OrderCommand {
    OrderCommand::Settle {
        attempt: 1,
        settled_as,
        api_order_id: api_order_id.map(str::to_owned),
        note: "seen in the panel".to_owned(),
        now,
        next: NextStep::GiveUp(None),
    }
}

const NOTE: &str = "settled as not placed: seen in the panel";

#[test]
fn attempt_settled_as_placed_is_the_orders() {
    let events = doubtful().when(settle(1, SettledAs::Placed, NextStep::GiveUp(None)));
    events.then_expect_events(vec![settled(1, SettledAs::Placed)]);
}

#[test]
fn attempt_settled_as_not_placed_sends_the_order_on() {
    doubtful().when(settle(1, SettledAs::NotPlaced, NextStep::Start(claim(2)))).then_expect_events(
        vec![settled(1, SettledAs::NotPlaced), failed_over(1, Some(2), NOTE), started(2)],
    );
    doubtful()
        .when(settle(1, SettledAs::NotPlaced, NextStep::Queue(provider(2))))
        .then_expect_events(vec![settled(1, SettledAs::NotPlaced), failed_over(1, Some(2), NOTE)]);
    doubtful().when(settle(1, SettledAs::NotPlaced, NextStep::GiveUp(None))).then_expect_events(
        vec![settled(1, SettledAs::NotPlaced), failed_over(1, None, NOTE), failed(NOTE)],
    );
}

#[test]
fn order_id_is_not_kept_of_an_attempt_settled_as_not_placed() {
    let command = word(SettledAs::NotPlaced, Some("100"), minute(5));
    let events = doubtful().when(command).inspect_result().unwrap();
    assert_eq!(events[0], settled(1, SettledAs::NotPlaced));
}

#[test]
fn attempt_is_not_settled_as_not_placed_while_the_provider_may_still_take_it() {
    let command = |now| word(SettledAs::NotPlaced, None, now);
    doubtful().when(command(minute(4))).then_expect_error(OrderError::TooEarly(minute(5)));
    assert!(doubtful().when(command(minute(5))).inspect_result().is_ok());
}

#[test]
fn attempt_can_be_settled_as_placed_at_once() {
    doubtful()
        .when(word(SettledAs::Placed, Some("100"), minute(0)))
        .then_expect_events(vec![settled(1, SettledAs::Placed)]);
}

#[test]
fn attempt_is_not_settled_as_placed_without_the_providers_order_id() {
    doubtful()
        .when(word(SettledAs::Placed, None, minute(5)))
        .then_expect_error(OrderError::ApiOrderIdMissing);
}

#[test]
fn only_an_attempt_in_doubt_is_settled() {
    for history in [
        vec![placed(), started(1)],
        vec![placed(), started(1), accepted(1)],
        vec![placed(), started(1), not_sent(1)],
        vec![placed(), started(1), refused(1, RefusalClass::Overload)],
        vec![placed(), started(1), in_doubt(1), settled(1, SettledAs::Placed)],
    ] {
        given(history)
            .when(settle(1, SettledAs::Placed, NextStep::GiveUp(None)))
            .then_expect_error(OrderError::NotInDoubt);
    }
    doubtful()
        .when(settle(2, SettledAs::Placed, NextStep::GiveUp(None)))
        .then_expect_error(OrderError::NoSuchAttempt);
}
