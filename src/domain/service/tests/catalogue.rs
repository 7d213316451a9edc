//! What a sync finds: imported, repriced, changed, delisted, relisted, its id reused.

use super::*;

fn another_product() -> ServiceListing {
    ServiceListing {
        name: "Site visits".to_owned(),
        category: "Traffic".to_owned(),
        kind: ServiceKind::new("Web Traffic"),
        rate: dec!(2),
        ..listing()
    }
}

fn reused(price: Decimal) -> ServiceEvent {
    ServiceEvent::ServiceIdReused {
        listing: another_product(),
        previous_name: "Followers".to_owned(),
        price,
    }
}

fn changed(listing: ServiceListing, fields: &[&str]) -> ServiceEvent {
    let changed = fields.iter().map(|field| (*field).to_owned()).collect();
    ServiceEvent::ServiceChanged { listing, changed }
}

#[test]
fn new_service_is_imported_for_sale_at_its_rate() {
    given([]).when(observe(listing())).then_expect_events(vec![imported()]);
    let service = after([imported()]);
    assert!(service.enabled && service.listed && !service.retired);
    assert_eq!(service.price, dec!(0.9));
}

#[test]
fn same_row_again_is_quiet() {
    given([imported()]).when(observe(listing())).then_expect_events(vec![]);
    // The scale of a decimal is no difference.
    let row = ServiceListing { rate: dec!(0.9000), ..listing() };
    given([imported()]).when(observe(row)).then_expect_events(vec![]);
}

#[test]
fn new_rate_reprices_by_the_services_pricing() {
    let row = || ServiceListing { rate: dec!(1.20), ..listing() };
    let repriced = |price| ServiceEvent::ServiceRepriced {
        rate: dec!(1.20),
        previous_rate: dec!(0.90),
        price,
    };
    given([imported()]).when(observe(row())).then_expect_events(vec![repriced(dec!(1.2))]);
    given([imported(), priced(Pricing::Markup(dec!(50)), dec!(1.35))])
        .when(observe(row()))
        .then_expect_events(vec![repriced(dec!(1.8))]);
    given([imported(), priced(Pricing::Fixed(dec!(3)), dec!(3))])
        .when(observe(row()))
        .then_expect_events(vec![repriced(dec!(3))]);
}

#[test]
fn other_description_or_limits_change_the_service_and_name_what_differs() {
    let row = || ServiceListing {
        name: "Followers, fast".to_owned(),
        min: 10,
        max: 5_000,
        cancel: Some(true),
        ..listing()
    };
    given([imported()])
        .when(observe(row()))
        .then_expect_events(vec![changed(row(), &["name", "min", "max", "cancel"])]);
    given([imported(), changed(row(), &[])]).when(observe(row())).then_expect_events(vec![]);
}

#[test]
fn other_spelling_of_the_type_is_a_change_but_not_another_product() {
    let row = || ServiceListing {
        name: "x".to_owned(),
        category: "y".to_owned(),
        kind: ServiceKind::new("default"),
        ..listing()
    };
    given([imported()])
        .when(observe(row()))
        .then_expect_events(vec![changed(row(), &["name", "category", "kind"])]);
}

#[test]
fn new_rate_and_new_description_are_two_events() {
    let row = || ServiceListing { rate: dec!(2), refill: false, dripfeed: true, ..listing() };
    given([imported()]).when(observe(row())).then_expect_events(vec![
        ServiceEvent::ServiceRepriced { rate: dec!(2), previous_rate: dec!(0.9), price: dec!(2) },
        changed(row(), &["refill", "dripfeed"]),
    ]);
}

#[test]
fn service_that_the_list_lacks_is_delisted_once() {
    given([imported(), disabled()])
        .when(ServiceCommand::Delist)
        .then_expect_events(vec![delisted()]);
    given([imported(), delisted()]).when(ServiceCommand::Delist).then_expect_events(vec![]);
}

#[test]
fn service_that_never_was_or_was_retired_is_not_delisted() {
    for history in [vec![], vec![imported(), retired()]] {
        given(history).when(ServiceCommand::Delist).then_expect_error(ServiceError::NotFound);
    }
}

#[test]
fn service_that_comes_back_is_relisted_with_what_changed_meanwhile() {
    given([imported(), delisted()]).when(observe(listing())).then_expect_events(vec![relisted()]);
    let row = ServiceListing { rate: dec!(2), ..listing() };
    given([imported(), delisted()]).when(observe(row)).then_expect_events(vec![
        relisted(),
        ServiceEvent::ServiceRepriced { rate: dec!(2), previous_rate: dec!(0.9), price: dec!(2) },
    ]);
    let service = after([imported(), disabled(), delisted(), relisted()]);
    assert!(service.listed && !service.enabled);
}

#[test]
fn retired_service_that_is_still_listed_comes_back_off_sale() {
    given([imported(), retired()]).when(observe(listing())).then_expect_events(vec![relisted()]);
    let service = after([imported(), retired(), relisted()]);
    assert!(!service.retired && !service.enabled);
    given([imported(), retired(), relisted()]).when(observe(listing())).then_expect_events(vec![]);
}

#[test]
fn id_that_now_means_another_product_is_noticed_and_taken_off_sale() {
    given([imported()]).when(observe(another_product())).then_expect_events(vec![reused(dec!(2))]);
    let service = after([imported(), reused(dec!(2))]);
    assert!(!service.enabled && service.listed);
    assert_eq!((service.listing, service.price), (another_product(), dec!(2)));
}

#[test]
fn reused_id_is_noticed_once_and_stays_off_sale_until_an_operator_has_looked() {
    let history = || [imported(), reused(dec!(2))];
    given(history()).when(observe(another_product())).then_expect_events(vec![]);
    given(history())
        .when(ServiceCommand::SetForSale(ForSale::Yes))
        .then_expect_events(vec![enabled()]);
}

#[test]
fn two_of_name_type_and_category_may_change_without_being_another_product() {
    let known = listing();
    let found = another_product();
    for row in [
        ServiceListing { name: known.name.clone(), ..found.clone() },
        ServiceListing { category: known.category.clone(), ..found.clone() },
        ServiceListing { kind: known.kind.clone(), ..found },
    ] {
        let events = given([imported()]).when(observe(row)).inspect_result().unwrap();
        assert!(!events.iter().any(|e| matches!(e, ServiceEvent::ServiceIdReused { .. })));
    }
}

#[test]
fn category_follows_the_list_until_an_operator_sets_it() {
    let row = ServiceListing { category: "TikTok".to_owned(), ..listing() };
    let filed = ServiceEvent::ServiceRecategorised { category: "Best sellers".to_owned() };
    let category = |events: Vec<ServiceEvent>| {
        serde_json::to_value(after(events)).unwrap()["category"].as_str().unwrap().to_owned()
    };
    let change = changed(row, &["category"]);
    assert_eq!(category(vec![imported(), change.clone()]), "TikTok");
    assert_eq!(category(vec![imported(), filed, change]), "Best sellers");
}
