//! A service, given, when, then.

mod catalogue;
mod mapping;
mod notices;
mod operator;
mod refused;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use rust_decimal::{Decimal, dec};
use uuid::Uuid;

use super::*;
use crate::domain::{Aggregate, ProviderId, ServiceId, routing::Strategy};

fn given(events: impl IntoIterator<Item = ServiceEvent>) -> AggregateTestExecutor<Service> {
    TestFramework::with(()).given(events.into_iter().collect())
}

/// The service's state after what happened.
fn after(events: impl IntoIterator<Item = ServiceEvent>) -> Imported {
    let mut service = Service::default();
    events.into_iter().for_each(|event| service.evolve(&event));
    service.imported().unwrap().clone()
}

fn provider_id() -> ProviderId {
    ProviderId(Uuid::from_u128(1))
}

fn listing() -> ServiceListing {
    ServiceListing {
        provider_service_id: "1".to_owned(),
        name: "Followers".to_owned(),
        category: "Instagram".to_owned(),
        kind: ServiceKind::new("Default"),
        rate: dec!(0.90),
        min: 50,
        max: 10_000,
        refill: true,
        cancel: None,
        dripfeed: false,
    }
}

fn observe(listing: ServiceListing) -> ServiceCommand {
    observe_watching(PriceWatch::percent(10_000), listing)
}

fn observe_watching(watch: PriceWatch, listing: ServiceListing) -> ServiceCommand {
    ServiceCommand::Observe { provider_id: provider_id(), number: 42, listing, watch }
}

fn imported() -> ServiceEvent {
    ServiceEvent::ServiceImported {
        provider_id: provider_id(),
        number: 42,
        listing: listing(),
        price: dec!(0.90),
    }
}

fn delisted() -> ServiceEvent {
    ServiceEvent::ServiceDelisted {}
}

fn relisted() -> ServiceEvent {
    ServiceEvent::ServiceRelisted {}
}

fn enabled() -> ServiceEvent {
    ServiceEvent::ServiceEnabled {}
}

fn disabled() -> ServiceEvent {
    ServiceEvent::ServiceDisabled {}
}

fn retired() -> ServiceEvent {
    ServiceEvent::ServiceRetired {}
}

fn priced(pricing: Pricing, price: Decimal) -> ServiceEvent {
    ServiceEvent::ServicePriceSet { pricing, price }
}
