//! What an operator is told of.

use super::*;

fn at_rate(rate: Decimal) -> ServiceListing {
    ServiceListing { rate, ..listing() }
}

fn repriced(rate: Decimal) -> ServiceEvent {
    ServiceEvent::ServiceRepriced { rate, previous_rate: dec!(0.90), price: rate }
}

fn mapped(id: u128) -> ServiceEvent {
    ServiceEvent::ServiceMapped {
        backup_service_id: ServiceId(Uuid::from_u128(id)),
        backup_provider_id: ProviderId(Uuid::from_u128(id)),
        priority: 1,
    }
}

fn delisting_noticed(backups: i64) -> ServiceEvent {
    ServiceEvent::DelistingNoticed { provider_id: provider_id(), backups }
}

#[test]
fn rate_that_moves_beyond_the_limit_is_noticed_with_its_share() {
    for (rate, move_ppm) in [(dec!(1.20), 333_333), (dec!(0.45), -500_000)] {
        let noticed = ServiceEvent::PriceMoveNoticed {
            provider_id: provider_id(),
            rate,
            previous_rate: dec!(0.90),
            price: rate,
            move_ppm: Some(move_ppm),
        };
        given([imported()])
            .when(observe_watching(PriceWatch::percent(20), at_rate(rate)))
            .then_expect_events(vec![repriced(rate), noticed]);
    }
}

#[test]
fn rate_that_moves_within_the_limit_is_repriced_in_silence() {
    given([imported()])
        .when(observe_watching(PriceWatch::percent(20), at_rate(dec!(1.08))))
        .then_expect_events(vec![repriced(dec!(1.08))]);
}

#[test]
fn service_off_sale_raises_no_alert() {
    given([imported(), disabled()])
        .when(observe_watching(PriceWatch::percent(20), at_rate(dec!(9))))
        .then_expect_events(vec![repriced(dec!(9))]);
    given([imported(), disabled()])
        .when(ServiceCommand::Delist)
        .then_expect_events(vec![delisted()]);
}

#[test]
fn service_for_sale_that_is_delisted_is_noticed_with_its_backups() {
    given([imported()])
        .when(ServiceCommand::Delist)
        .then_expect_events(vec![delisted(), delisting_noticed(0)]);
    given([imported(), mapped(7), mapped(8)])
        .when(ServiceCommand::Delist)
        .then_expect_events(vec![delisted(), delisting_noticed(2)]);
}
