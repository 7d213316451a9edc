//! What a provider left undelivered, and what becomes of it.

use test_case::test_case;

use crate::domain::{
    OrderId,
    order::{
        DeliveryStatus, Order, OrderError, Overall, RemainderOf, RemainderOrder, RemainderPlan,
        StatusReading,
    },
    routing::Exclusion,
};

use super::*;

fn order_id(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(0xe000 + n))
}

fn in_all(status: DeliveryStatus, remains: i64) -> Overall {
    Overall { status, remains }
}

fn said(word: &str, remains: Option<i64>) -> OrderCommand {
    let provider_status = word.to_owned();
    let reading = StatusReading { provider_status, remains, ..StatusReading::default() };
    let (provider_id, api_order_id) = (provider(1), api_order_id(1));
    OrderCommand::RecordStatus { provider_id, api_order_id, reading }
}

fn changed(word: &str, remains: Option<i64>, overall: Option<Overall>) -> OrderEvent {
    OrderEvent::OrderStatusChanged {
        provider_id: provider(1),
        api_order_id: api_order_id(1),
        status: DeliveryStatus::of_word(word).unwrap(),
        provider_status: word.to_owned(),
        start_count: None,
        remains,
        charge: None,
        currency: None,
        overall,
    }
}

fn ordered(child: u128, cause: u128, quantity: i64, overall: Overall) -> OrderEvent {
    let (child_id, cause) = (order_id(child), order_id(cause));
    OrderEvent::RemainderOrdered { child_id, number: 7, cause, quantity, overall }
}

fn order_it(child: u128, cause: u128, quantity: i64) -> OrderCommand {
    let plan = RemainderPlan::Order { child_id: order_id(child), number: 7, quantity };
    OrderCommand::PlanRemainder { cause: order_id(cause), plan }
}

fn ended(child: u128, undelivered: Option<i64>) -> OrderCommand {
    OrderCommand::RecordRemainder { child_id: order_id(child), undelivered }
}

fn child_changed(child: u128, undelivered: Option<i64>, overall: Overall) -> OrderEvent {
    OrderEvent::RemainderStatusChanged { child_id: order_id(child), undelivered, overall }
}

/// A thousand units, of which the provider delivered six hundred.
fn partial() -> Vec<OrderEvent> {
    vec![placed(), started(1), accepted(1), changed("Partial", Some(400), None)]
}

/// The rest is ordered.
fn with_child() -> Vec<OrderEvent> {
    let open = in_all(DeliveryStatus::InProgress, 400);
    [partial(), vec![ordered(2, 1, 400, open)]].concat()
}

fn order(events: &[OrderEvent]) -> Order {
    Order::default().evolved(events)
}

#[test_case("Completed", None, Some(0))]
#[test_case("Partial", Some(400), Some(400))]
#[test_case("Partial", Some(-3), Some(0); "more than ordered was delivered")]
#[test_case("Partial", None, Some(1000); "how much is left is not said")]
#[test_case("Canceled", Some(400), Some(1000); "canceled")]
#[test_case("In progress", Some(400), None; "still delivering")]
fn shortfall_is_what_was_not_delivered(word: &str, remains: Option<i64>, units: Option<i64>) {
    let order = order(&[placed(), started(1), accepted(1), changed(word, remains, None)]);
    assert_eq!(order.shortfall().map(|short| short.units), units);
}

#[test]
fn shortfall_is_ordered_anew_once_it_is_known_and_new() {
    let held = order(&[placed(), started(1), accepted(1)]);
    let after = |word, remains| held.evolved(&[changed(word, remains, None)]);
    assert_eq!(after("Partial", Some(400)).new_shortfall(&held), Some(400));
    assert_eq!(after("Canceled", None).new_shortfall(&held), Some(1000));
    assert_eq!(after("Partial", None).new_shortfall(&held), None, "it is not known");
    assert_eq!(after("Completed", Some(400)).new_shortfall(&held), None);
    assert_eq!(after("Partial", Some(400)).new_shortfall(&after("Partial", Some(400))), None);
    let complete = after("Completed", None);
    assert_eq!(after("Canceled", None).new_shortfall(&complete), None, "it was complete once");
}

#[test]
fn what_the_customer_had_canceled_is_not_ordered_anew() {
    let held = order(&[placed(), started(1), accepted(1)]);
    let canceled = OrderEvent::CancelRequested { provider_id: provider(1) };
    let after = held.evolved(&[canceled, changed("Canceled", None, None)]);
    assert_eq!(after.new_shortfall(&held), None);
}

#[test]
fn part_is_ordered_of_what_can_be_divided() {
    let request = order(&partial()).remainder_request(400).unwrap();
    assert_eq!((request.quantity, request.per_run), (400, Some(400)));
    assert_eq!(request.sent["quantity"], "400");
    let with = |field: &str, value: &str| {
        let mut order = order(&partial());
        order.fields.insert(field.to_owned(), value.to_owned());
        order
    };
    for (field, value) in [("runs", "5"), ("usernames", "a\nb"), ("comments", "a\nb")] {
        assert!(with(field, value).remainder_request(400).is_err(), "{field}");
        let whole = with(field, value).remainder_request(1000).unwrap();
        assert_eq!(whole.sent[field], value);
    }
}

#[test]
fn remainder_is_ordered_once_for_each_order_that_left_one() {
    let open = in_all(DeliveryStatus::InProgress, 400);
    given(partial()).when(order_it(2, 1, 400)).then_expect_events(vec![ordered(
        2,
        1,
        400,
        open.clone(),
    )]);
    given(with_child()).when(order_it(3, 1, 400)).then_expect_events(vec![]);
    let reverted = vec![
        changed("In progress", Some(400), Some(open.clone())),
        changed("Partial", Some(900), Some(open)),
    ];
    given([with_child(), reverted].concat()).when(order_it(3, 1, 900)).then_expect_events(vec![]);
}

#[test]
fn remainder_that_fits_nowhere_is_on_record_and_decided() {
    let reason = || "it takes 500 to 1000 units".to_owned();
    let left = || OrderEvent::RemainderNotOrdered {
        cause: order_id(1),
        quantity: 400,
        reason: reason(),
        decision: None,
    };
    let plan = RemainderPlan::Leave { quantity: 400, reason: reason(), decision: None };
    given(partial())
        .when(OrderCommand::PlanRemainder { cause: order_id(1), plan })
        .then_expect_events(vec![left()]);
    given([partial(), vec![left()]].concat()).when(order_it(2, 1, 400)).then_expect_events(vec![]);
    let order = order(&[partial(), vec![left()]].concat());
    assert_eq!((order.overall(), order.is_over()), (None, true));
}

#[test_case(Some(0), DeliveryStatus::Completed, 0)]
#[test_case(Some(150), DeliveryStatus::Partial, 150)]
#[test_case(Some(400), DeliveryStatus::Partial, 400; "nothing of the rest")]
fn order_ends_with_its_remainder(left: Option<i64>, status: DeliveryStatus, remains: i64) {
    let overall = in_all(status, remains);
    given(with_child())
        .when(ended(2, left))
        .then_expect_events(vec![child_changed(2, left, overall)]);
}

#[test]
fn order_of_which_nothing_was_delivered_in_all_is_canceled() {
    let open = in_all(DeliveryStatus::InProgress, 1000);
    let canceled = changed("Canceled", None, None);
    given([placed(), started(1), accepted(1), canceled, ordered(2, 1, 1000, open)])
        .when(ended(2, Some(1000)))
        .then_expect_events(vec![child_changed(
            2,
            Some(1000),
            in_all(DeliveryStatus::Canceled, 1000),
        )]);
}

#[test]
fn remainder_of_a_remainder_keeps_the_order_open() {
    let open = |remains| in_all(DeliveryStatus::InProgress, remains);
    let chain = [with_child(), vec![ordered(3, 2, 100, open(400))]].concat();
    given(chain.clone()).when(ended(2, Some(100))).then_expect_events(vec![child_changed(
        2,
        Some(100),
        open(100),
    )]);
    given([chain, vec![child_changed(2, Some(100), open(100))]].concat())
        .when(ended(3, Some(0)))
        .then_expect_events(vec![child_changed(3, Some(0), in_all(DeliveryStatus::Completed, 0))]);
}

#[test]
fn order_reopens_with_its_remainder_and_the_same_again_is_nothing_new() {
    let done = child_changed(2, Some(0), in_all(DeliveryStatus::Completed, 0));
    let history = [with_child(), vec![done]].concat();
    given(history.clone()).when(ended(2, Some(0))).then_expect_events(vec![]);
    given(history.clone()).when(ended(9, Some(0))).then_expect_events(vec![]);
    let open = in_all(DeliveryStatus::InProgress, 400);
    given(history).when(ended(2, None)).then_expect_events(vec![child_changed(2, None, open)]);
}

#[test]
fn status_of_an_order_with_a_remainder_says_how_all_of_it_stands() {
    let open = |remains| Some(in_all(DeliveryStatus::InProgress, remains));
    given(with_child()).when(said("In progress", Some(300))).then_expect_events(vec![changed(
        "In progress",
        Some(300),
        open(300),
    )]);
    given(with_child()).when(said("Completed", Some(0))).then_expect_events(vec![changed(
        "Completed",
        Some(0),
        open(0),
    )]);
}

#[test]
fn order_for_a_remainder_asks_only_later_candidates_and_costs_nothing() {
    let parent = order(&partial());
    let of = RemainderOf { parent: order_id(1), cause: order_id(1), not_at: vec![service(1)] };
    let command = || {
        OrderCommand::PlaceRemainder(RemainderOrder {
            number: 7,
            account: "house".to_owned(),
            parent: Box::new(parent.clone()),
            request: parent.remainder_request(400).unwrap(),
            of: of.clone(),
        })
    };
    let events = given([]).when(command()).inspect_result().unwrap();
    let child = order(&events);
    assert_eq!(child.bars(service(1)), Some(Exclusion::BeforeRemainder));
    assert_eq!(child.bars(service(2)), None);
    assert_eq!(child.request().total_units, 400);
    let [OrderEvent::OrderPlaced { charge, link, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((*charge, link), (dec!(0), &parent.link));
    given(events.clone()).when(command()).then_expect_error(OrderError::AlreadyPlaced);
}

#[test]
fn order_waits_for_another_on_its_link_and_says_so_once() {
    let wait = |n: u128| OrderCommand::AwaitLink { order_id: order_id(n), number: 23_501 };
    let waiting = |n: u128| OrderEvent::LinkAwaited {
        order_id: order_id(n),
        reason: "order 23501 on the same link is not over yet".to_owned(),
    };
    given([placed()]).when(wait(1)).then_expect_events(vec![waiting(1)]);
    given([placed(), waiting(1)]).when(wait(1)).then_expect_events(vec![]);
    given([placed(), waiting(1)]).when(wait(2)).then_expect_events(vec![waiting(2)]);
    given([placed(), waiting(1)])
        .when(OrderCommand::Start(claim(1)))
        .then_expect_events(vec![started(1)]);
    given([placed(), started(1)])
        .when(wait(1))
        .then_expect_error(OrderError::NotFree("a provider is being asked"));
}
