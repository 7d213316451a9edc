//! Things that happened, as the tests tell them.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::{Decimal, dec};
use signalbox::domain::{
    AttemptId, CredentialId, Incarnation, Link, OrderId, Position, ProviderId, ServiceId, SyncId,
    order::{HOUSE_ACCOUNT, OrderEvent},
    provider::ProviderEvent,
    refusal::{ErrorText, RefusalClass},
    routing::{Decision, Strategy},
    service::{ServiceEvent, ServiceKind, ServiceListing},
    sync::{SyncCounts, SyncEvent, SyncTrigger},
};
use uuid::Uuid;

use crate::graphql_installation::Installation;

pub(crate) async fn provider(shop: &Installation, name: &str, priority: i32) -> ProviderId {
    let id = ProviderId(Uuid::now_v7());
    let added = ProviderEvent::ProviderAdded {
        name: name.to_owned(),
        api_url: format!("https://{name}.example/api/v2"),
        priority,
        credential_id: CredentialId(Uuid::now_v7()),
        key_hint: Some("9f3c".to_owned()),
    };
    shop.record("provider", id.0, &[added]).await;
    id
}

pub(crate) async fn service(
    shop: &Installation,
    provider_id: ProviderId,
    number: i64,
    name: &str,
) -> ServiceId {
    let id = ServiceId::derive(provider_id, &number.to_string());
    let listing = ServiceListing {
        provider_service_id: number.to_string(),
        name: name.to_owned(),
        category: "Likes".to_owned(),
        kind: ServiceKind::new("Default"),
        rate: dec!(0.90),
        min: 10,
        max: 5_000_000_000,
        refill: true,
        cancel: None,
        dripfeed: false,
    };
    let imported =
        ServiceEvent::ServiceImported { provider_id, number, listing, price: dec!(1.10) };
    shop.record("service", id.0, &[imported]).await;
    id
}

/// A sync that ended well.
pub(crate) async fn sync(shop: &Installation, provider_id: ProviderId) -> SyncId {
    let id = SyncId(Uuid::now_v7());
    let trigger = SyncTrigger::Manual;
    let incarnation = Incarnation(Uuid::nil());
    let counts = SyncCounts { imported: 3, updated: 2, delisted: 1, unchanged: 4 };
    let errors = vec!["row 7: no rate".to_owned()];
    shop.record("sync", id.0, &[SyncEvent::SyncStarted { provider_id, trigger, incarnation }])
        .await;
    shop.record("sync", id.0, &[SyncEvent::SyncCompleted { provider_id, counts, errors }]).await;
    id
}

/// An order that nobody has been asked for yet.
pub(crate) async fn order(
    shop: &Installation,
    number: i64,
    service_id: ServiceId,
    link: &str,
) -> OrderId {
    let id = OrderId(Uuid::now_v7());
    let placed = OrderEvent::OrderPlaced {
        number,
        account: HOUSE_ACCOUNT.to_owned(),
        service_id,
        link: Link::try_new(link).unwrap(),
        quantity: 1000,
        per_run: Some(1000),
        fields: [("quantity".to_owned(), "1000".to_owned())].into(),
        charge: dec!(1.10),
        digest: String::new(),
        remainder_of: None,
    };
    shop.record("order", id.0, &[placed]).await;
    id
}

/// An attempt that is being made.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) number: i32,
    pub(crate) id: AttemptId,
    pub(crate) provider: ProviderId,
}

impl Attempt {
    pub(crate) fn new(number: i32, provider: ProviderId) -> Self {
        Self { number, id: AttemptId(Uuid::now_v7()), provider }
    }

    pub(crate) fn started(self, service_id: ServiceId, started_at: DateTime<Utc>) -> OrderEvent {
        OrderEvent::AttemptStarted {
            attempt: self.number,
            attempt_id: self.id,
            provider_id: self.provider,
            service_id,
            provider_service_id: "7".to_owned(),
            incarnation: Incarnation(Uuid::nil()),
            started_at,
            send_before: started_at + TimeDelta::seconds(5),
            settle_after: started_at + TimeDelta::seconds(90),
            decision: Decision {
                basis: Position(7),
                strategy: Strategy::Priority,
                candidates: vec![],
                chosen: Some(0),
            },
        }
    }

    pub(crate) fn placed(self, api_order_id: &str, response_ms: i64) -> OrderEvent {
        OrderEvent::AttemptPlaced {
            attempt: self.number,
            attempt_id: self.id,
            provider_id: self.provider,
            api_order_id: api_order_id.to_owned(),
            response_ms,
        }
    }

    pub(crate) fn refused(self, class: RefusalClass, reason: &str) -> OrderEvent {
        OrderEvent::AttemptRefused {
            attempt: self.number,
            attempt_id: self.id,
            provider_id: self.provider,
            class,
            reason: reason.to_owned(),
            text: Some(ErrorText::of(reason)),
            response_ms: Some(40),
            retry_after_seconds: None,
        }
    }

    pub(crate) fn in_doubt(self) -> OrderEvent {
        OrderEvent::AttemptInDoubt {
            attempt: self.number,
            attempt_id: self.id,
            provider_id: self.provider,
            reason: "no answer in time".to_owned(),
            text: None,
            response_ms: None,
            retry_after_seconds: None,
        }
    }

    pub(crate) fn failed_over(self, to: Option<ProviderId>, reason: &str) -> OrderEvent {
        OrderEvent::FailedOver {
            attempt: self.number,
            from_provider_id: self.provider,
            to_provider_id: to,
            reason: reason.to_owned(),
        }
    }
}

/// A balance that a provider told.
pub(crate) fn balance(amount: Decimal) -> ProviderEvent {
    ProviderEvent::ConnectionTestSucceeded {
        balance: amount,
        currency: Some("USD".to_owned()),
        runway_hours: None,
        response_ms: 12,
        tested_at: Utc::now(),
    }
}
