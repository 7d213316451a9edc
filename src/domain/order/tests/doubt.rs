//! Evidence on record, and orders that are given up in doubt.

use crate::domain::order::{Evidence, EvidenceSource, OrderCommand, OrderError};

use super::*;

fn doubtful() -> Vec<OrderEvent> {
    vec![placed(), started(1), in_doubt(1)]
}

fn given_up(policy: GivenUpAs, then: impl IntoIterator<Item = OrderEvent>) -> Vec<OrderEvent> {
    doubtful().into_iter().chain([given_up_as(1, policy)]).chain(then).collect()
}

const RETURNED: &str = "in doubt for 60 minutes: the charge is returned";
const RISKED: &str = "in doubt for 60 minutes: the risk of a second order is accepted";

fn look(answered: &str, follows: &str) -> OrderCommand {
    let evidence = Evidence {
        asked: EvidenceSource::Balance,
        answered: answered.to_owned(),
        follows: follows.to_owned(),
    };
    OrderCommand::RecordEvidence { attempt_id: attempt(1), evidence: vec![evidence] }
}

fn read(answered: &str, follows: &str) -> OrderEvent {
    OrderEvent::EvidenceRead {
        attempt: 1,
        attempt_id: attempt(1),
        provider_id: provider(1),
        asked: EvidenceSource::Balance,
        answered: answered.to_owned(),
        follows: follows.to_owned(),
    }
}

#[test]
fn look_that_shows_the_same_as_the_last_is_not_recorded() {
    given(doubtful()).when(look("9", "held")).then_expect_events(vec![read("9", "held")]);
    let seen = || doubtful().into_iter().chain([read("9", "held")]);
    given(seen()).when(look("9", "held")).then_expect_events(vec![]);
    given(seen()).when(look("8", "held")).then_expect_events(vec![read("8", "held")]);
    given(seen()).when(look("9", "placed")).then_expect_events(vec![read("9", "placed")]);
}

#[test]
fn looks_from_which_the_same_follows_are_recorded_some_times_only() {
    let many = (0..500).map(|n| read(&n.to_string(), "held"));
    let history: Vec<OrderEvent> = doubtful().into_iter().chain(many.take(20)).collect();
    given(history.clone()).when(look("x", "held")).then_expect_events(vec![]);
    given(history).when(look("x", "placed")).then_expect_events(vec![read("x", "placed")]);
}

#[test]
fn nothing_is_looked_for_once_the_attempt_is_settled() {
    given(doubtful().into_iter().chain([settled(1, SettledAs::Placed)]))
        .when(look("9", "held"))
        .then_expect_events(vec![]);
}

#[test]
fn order_whose_charge_is_returned_fails() {
    given(doubtful())
        .when(give_up(1, GivenUpAs::ReturnCharge, NextStep::Start(claim(2))))
        .then_expect_events(vec![given_up_as(1, GivenUpAs::ReturnCharge), failed(RETURNED)]);
}

#[test]
fn order_whose_risk_is_accepted_goes_on() {
    given(doubtful())
        .when(give_up(1, GivenUpAs::AcceptRisk, NextStep::Queue(provider(2))))
        .then_expect_events(vec![
            given_up_as(1, GivenUpAs::AcceptRisk),
            failed_over(1, Some(2), RISKED),
        ]);
    given(doubtful())
        .when(give_up(1, GivenUpAs::AcceptRisk, NextStep::GiveUp(None)))
        .then_expect_events(vec![
            given_up_as(1, GivenUpAs::AcceptRisk),
            failed_over(1, None, RISKED),
            failed(RISKED),
        ]);
}

#[test]
fn order_is_given_up_neither_before_its_time_nor_twice() {
    let command = OrderCommand::GiveUpDoubt {
        attempt: 1,
        policy: GivenUpAs::AcceptRisk,
        after_minutes: 1,
        now: minute(4),
        next: NextStep::GiveUp(None),
    };
    given(doubtful()).when(command).then_expect_error(OrderError::TooEarly(minute(5)));
    given(given_up(GivenUpAs::AcceptRisk, []))
        .when(give_up(1, GivenUpAs::AcceptRisk, NextStep::GiveUp(None)))
        .then_expect_error(OrderError::NotInDoubt);
}

#[test]
fn order_found_after_it_was_given_up_is_a_duplicate() {
    let histories = [
        given_up(GivenUpAs::ReturnCharge, [failed(RETURNED)]),
        given_up(GivenUpAs::AcceptRisk, [failed_over(1, Some(2), RISKED), started(2)]),
        given_up(GivenUpAs::AcceptRisk, [started(2), in_doubt(2)]),
        given_up(GivenUpAs::AcceptRisk, [started(2), accepted(2)]),
    ];
    for history in histories {
        given(history.clone()).when(answer(1, an_id(1))).then_expect_events(vec![duplicate(1)]);
        given(history)
            .when(settle(1, SettledAs::Placed, NextStep::GiveUp(None)))
            .then_expect_events(vec![duplicate(1)]);
    }
}

#[test]
fn order_found_before_anybody_else_was_asked_is_the_orders_own() {
    let history = || given_up(GivenUpAs::AcceptRisk, [failed_over(1, Some(2), RISKED)]);
    given(history()).when(answer(1, an_id(1))).then_expect_events(vec![accepted(1)]);
    given(history())
        .when(settle(1, SettledAs::Placed, NextStep::GiveUp(None)))
        .then_expect_events(vec![settled(1, SettledAs::Placed)]);
}

#[test]
fn doubt_is_cleared_once_nothing_was_placed_and_the_order_stays_where_it_is() {
    let history = || given_up(GivenUpAs::AcceptRisk, [started(2), accepted(2)]);
    given(history())
        .when(settle(1, SettledAs::NotPlaced, NextStep::Start(claim(3))))
        .then_expect_events(vec![cleared(1, "seen in the panel")]);
    given(history())
        .when(answer(1, a_refusal(RefusalClass::Overload)))
        .then_expect_events(vec![cleared(1, "no")]);
    let free = given_up(GivenUpAs::AcceptRisk, []);
    given(free)
        .when(settle(1, SettledAs::NotPlaced, NextStep::Start(claim(3))))
        .then_expect_events(vec![cleared(1, "seen in the panel")]);
}

#[test]
fn order_does_not_go_back_to_where_it_was_given_up() {
    let mut order = Order::default();
    let history = given_up(GivenUpAs::AcceptRisk, []);
    history.iter().for_each(|event| crate::domain::Aggregate::evolve(&mut order, event));
    assert!(order.bars(service(1)).is_some());
    assert!(order.bars(service(2)).is_none());
}
