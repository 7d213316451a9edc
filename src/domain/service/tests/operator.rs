//! What operators decide: sale, price, markup, category, strategy, retirement.

use test_case::test_case;

use super::*;

#[test]
fn nothing_can_be_decided_of_a_service_that_never_was_or_was_retired() {
    for history in [vec![], vec![imported(), retired()]] {
        for command in [
            ServiceCommand::SetForSale(ForSale::Yes),
            ServiceCommand::SetPrice(dec!(1)),
            ServiceCommand::SetMarkup(dec!(1)),
            ServiceCommand::Recategorise("x".to_owned()),
            ServiceCommand::SetStrategy(Some(Strategy::BestScore)),
            ServiceCommand::Unmap(ServiceId(Uuid::from_u128(9))),
        ] {
            given(history.clone()).when(command).then_expect_error(ServiceError::NotFound);
        }
    }
}

#[test]
fn service_is_put_up_for_sale_and_taken_off() {
    let set = ServiceCommand::SetForSale;
    given([imported()]).when(set(ForSale::No)).then_expect_events(vec![disabled()]);
    given([imported(), disabled()]).when(set(ForSale::Yes)).then_expect_events(vec![enabled()]);
}

#[test]
fn sale_that_is_as_wanted_is_quiet() {
    let set = ServiceCommand::SetForSale;
    given([imported()]).when(set(ForSale::Yes)).then_expect_events(vec![]);
    given([imported(), disabled()]).when(set(ForSale::No)).then_expect_events(vec![]);
}

#[test]
fn price_is_fixed() {
    given([imported()])
        .when(ServiceCommand::SetPrice(dec!(2)))
        .then_expect_events(vec![priced(Pricing::Fixed(dec!(2)), dec!(2))]);
    given([imported()])
        .when(ServiceCommand::SetPrice(dec!(0)))
        .then_expect_events(vec![priced(Pricing::Fixed(dec!(0)), dec!(0))]);
}

#[test]
fn price_below_zero_is_refused() {
    given([imported()])
        .when(ServiceCommand::SetPrice(dec!(-0.01)))
        .then_expect_error(ServiceError::NegativePrice(dec!(-0.01)));
}

#[test]
fn price_that_is_set_already_is_quiet() {
    given([imported(), priced(Pricing::Fixed(dec!(2)), dec!(2))])
        .when(ServiceCommand::SetPrice(dec!(2.00)))
        .then_expect_events(vec![]);
}

#[test]
fn price_equal_to_the_rate_is_fixed_all_the_same() {
    given([imported()])
        .when(ServiceCommand::SetPrice(dec!(0.9)))
        .then_expect_events(vec![priced(Pricing::Fixed(dec!(0.9)), dec!(0.9))]);
}

#[test]
fn markup_derives_the_price_from_the_rate() {
    given([imported()])
        .when(ServiceCommand::SetMarkup(dec!(50)))
        .then_expect_events(vec![priced(Pricing::Markup(dec!(50)), dec!(1.35))]);
    given([imported(), priced(Pricing::Fixed(dec!(2)), dec!(2))])
        .when(ServiceCommand::SetMarkup(dec!(-100)))
        .then_expect_events(vec![priced(Pricing::Markup(dec!(-100)), dec!(0))]);
}

#[test]
fn markup_that_would_pay_the_customer_or_is_a_slip_is_refused() {
    for percent in [dec!(-100.01), dec!(100001)] {
        given([imported()])
            .when(ServiceCommand::SetMarkup(percent))
            .then_expect_error(ServiceError::Markup(percent));
    }
}

#[test]
fn markup_that_is_set_already_is_quiet() {
    given([imported(), priced(Pricing::Markup(dec!(50)), dec!(1.35))])
        .when(ServiceCommand::SetMarkup(dec!(50)))
        .then_expect_events(vec![]);
}

#[test]
fn service_is_filed_under_another_category() {
    given([imported()])
        .when(ServiceCommand::Recategorise(" Best sellers ".to_owned()))
        .then_expect_events(vec![ServiceEvent::ServiceRecategorised {
            category: "Best sellers".to_owned(),
        }]);
}

#[test_case(""; "empty")]
#[test_case("  "; "white space")]
#[test_case("a\nb"; "line break")]
fn category_that_is_no_line_of_text_is_refused(category: &str) {
    given([imported()])
        .when(ServiceCommand::Recategorise(category.to_owned()))
        .then_expect_error(ServiceError::Category);
}

#[test]
fn category_is_200_characters_at_most() {
    let recategorise = |length| ServiceCommand::Recategorise("é".repeat(length));
    assert!(given([imported()]).when(recategorise(200)).inspect_result().is_ok());
    given([imported()]).when(recategorise(201)).then_expect_error(ServiceError::Category);
}

#[test]
fn category_that_it_has_already_is_quiet() {
    given([imported()])
        .when(ServiceCommand::Recategorise("Instagram".to_owned()))
        .then_expect_events(vec![]);
}

#[test]
fn strategy_is_set_once() {
    let set = || ServiceCommand::SetStrategy(Some(Strategy::BestScore));
    let event = || ServiceEvent::ServiceStrategySet { strategy: Some(Strategy::BestScore) };
    given([imported()]).when(set()).then_expect_events(vec![event()]);
    given([imported(), event()]).when(set()).then_expect_events(vec![]);
    given([imported()])
        .when(ServiceCommand::SetStrategy(Some(Strategy::Priority)))
        .then_expect_events(vec![ServiceEvent::ServiceStrategySet {
            strategy: Some(Strategy::Priority),
        }]);
}

#[test]
fn service_without_open_orders_is_retired_and_off_sale() {
    given([imported()])
        .when(ServiceCommand::Retire { open_orders: 0 })
        .then_expect_events(vec![retired()]);
    let service = after([imported(), retired()]);
    assert!(service.retired && !service.enabled);
}

#[test]
fn service_with_open_orders_is_not_retired() {
    given([imported()])
        .when(ServiceCommand::Retire { open_orders: 2 })
        .then_expect_error(ServiceError::HasOpenOrders { orders: 2 });
}

#[test]
fn service_that_is_retired_or_never_was_is_retired_quietly() {
    for history in [vec![], vec![imported(), retired()]] {
        given(history).when(ServiceCommand::Retire { open_orders: 0 }).then_expect_events(vec![]);
    }
}

#[test]
fn lock_on_links_is_switched_and_what_is_as_wanted_is_quiet() {
    let set = ServiceCommand::SetLinkLock;
    let off = || ServiceEvent::ServiceLinkLockSet { link_lock: LinkLock::Off };
    given([imported()]).when(set(LinkLock::On)).then_expect_events(vec![]);
    given([imported()]).when(set(LinkLock::Off)).then_expect_events(vec![off()]);
    given([imported(), off()]).when(set(LinkLock::Off)).then_expect_events(vec![]);
}

#[test]
fn remainder_is_left_until_an_operator_wants_it_completed() {
    let set = ServiceCommand::SetRemainder;
    let complete = || ServiceEvent::ServiceRemainderSet { remainder: RemainderPolicy::Complete };
    given([imported()]).when(set(RemainderPolicy::Leave)).then_expect_events(vec![]);
    given([imported()]).when(set(RemainderPolicy::Complete)).then_expect_events(vec![complete()]);
    given([imported(), complete()]).when(set(RemainderPolicy::Complete)).then_expect_events(vec![]);
}
