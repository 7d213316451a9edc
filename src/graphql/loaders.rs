use std::{collections::HashMap, sync::Arc};

use async_graphql::Context;
use chrono::NaiveDate;
use serde_json::Value;

use super::{
    error::{ApiError, ApiResult},
    order::Order,
    provider::Provider,
    related::{Key, Related},
    service::Service,
};
use crate::{
    domain::{AttemptId, OrderId, Position, ProviderId, ServiceId},
    read::{
        AlertDeliveryRow, AttemptRow, CallHour, CallHoursOf, ErrorTextCallRow,
        ErrorTextProviderRow, EventRow, EvidenceRow, HealthChangeRow, HealthLogOf, MappingRow,
        OrderRow, PriceHistoryOf, PricePointRow, ProviderDay, ProviderRow, ReadError, Reads,
        RefillRow, ServiceRow, SyncLogRow,
    },
};

macro_rules! load {
    ($($key:ty => $value:ty, $read:ident;)+) => {$(
        impl Key for $key {
            type Value = $value;

            async fn read(reads: &Reads, keys: Vec<Self>) -> Result<HashMap<Self, $value>, ReadError> {
                reads.$read(&keys).await
            }
        }
    )+};
}

macro_rules! load_of {
    ($($(#[$doc:meta])* $key:ident($id:ty) => $value:ty, $read:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) struct $key(pub(super) $id);

        impl Key for $key {
            type Value = $value;

            async fn read(reads: &Reads, keys: Vec<Self>) -> Result<HashMap<Self, $value>, ReadError> {
                let ids: Vec<$id> = keys.iter().map(|key| key.0).collect();
                let found = reads.$read(&ids).await?;
                Ok(found.into_iter().map(|(id, value)| ($key(id), value)).collect())
            }
        }
    )+};
}

impl Key for ProviderId {
    type Value = Arc<ProviderRow>;

    async fn read(
        reads: &Reads,
        keys: Vec<Self>,
    ) -> Result<HashMap<Self, Arc<ProviderRow>>, ReadError> {
        let found = reads.providers_by_id(&keys).await?;
        Ok(found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect())
    }
}

load! {
    ServiceId => ServiceRow, services_by_id;
    OrderId => OrderRow, orders_by_id;
    (ProviderId, NaiveDate) => Vec<ProviderDay>, provider_days;
    PriceHistoryOf => Vec<PricePointRow>, price_histories;
    CallHoursOf => Vec<CallHour>, call_hours;
    HealthLogOf => Vec<HealthChangeRow>, health_logs;
}

load_of! {
    /// The run of a provider's sync that started last.
    LastSyncOf(ProviderId) => SyncLogRow, last_syncs;
    /// How many services a provider has.
    ServiceCountOf(ProviderId) => i32, service_counts;
    /// A service's equivalents.
    MappingsOf(ServiceId) => Vec<MappingRow>, mappings;
    /// An order's attempts.
    AttemptsOf(OrderId) => Vec<AttemptRow>, attempts;
    /// Why the provider of an order's attempt of this number was chosen.
    DecisionOf((OrderId, i32)) => Value, decisions;
    /// What was seen of an attempt while it was in doubt.
    EvidenceOf(AttemptId) => Vec<EvidenceRow>, evidence;
    /// An order's refills.
    RefillsOf(OrderId) => Vec<RefillRow>, refills;
    /// How operators were told of an alert.
    DeliveriesOf(Position) => Vec<AlertDeliveryRow>, alert_deliveries;
    /// The orders for an order's remainder.
    ChildrenOf(OrderId) => Vec<OrderRow>, remainders;
    /// All that happened to an order.
    TimelineOf(OrderId) => Vec<EventRow>, timelines;
}

/// Who answered with an error text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ErrorTextProvidersOf(pub(super) String);

impl Key for ErrorTextProvidersOf {
    type Value = Vec<ErrorTextProviderRow>;

    async fn read(
        reads: &Reads,
        keys: Vec<Self>,
    ) -> Result<HashMap<Self, Vec<ErrorTextProviderRow>>, ReadError> {
        let texts: Vec<String> = keys.into_iter().map(|key| key.0).collect();
        let found = reads.error_text_providers(&texts).await?;
        Ok(found.into_iter().map(|(text, rows)| (Self(text), rows)).collect())
    }
}

/// Who answered which calls with an error text that were no order's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ErrorTextCallsOf(pub(super) String);

impl Key for ErrorTextCallsOf {
    type Value = Vec<ErrorTextCallRow>;

    async fn read(
        reads: &Reads,
        keys: Vec<Self>,
    ) -> Result<HashMap<Self, Vec<ErrorTextCallRow>>, ReadError> {
        let texts: Vec<String> = keys.into_iter().map(|key| key.0).collect();
        let found = reads.error_text_calls(&texts).await?;
        Ok(found.into_iter().map(|(text, rows)| (Self(text), rows)).collect())
    }
}

/// Resolves a provider that history names, deleted or not.
pub(super) async fn provider(ctx: &Context<'_>, id: ProviderId) -> ApiResult<Provider> {
    let row = Related::of(ctx).load_one(id).await?;
    row.map(Provider).ok_or_else(|| ApiError::not_yet_there(format_args!("provider {id}")))
}

/// Resolves a service that history names, retired or not.
pub(super) async fn service(ctx: &Context<'_>, id: ServiceId) -> ApiResult<Service> {
    let row = Related::of(ctx).load_one(id).await?;
    row.map(Service).ok_or_else(|| ApiError::not_yet_there(format_args!("service {id}")))
}

/// Resolves an order that a log names.
pub(super) async fn order(ctx: &Context<'_>, id: OrderId) -> ApiResult<Order> {
    let row = Related::of(ctx).load_one(id).await?;
    row.map(Order::from).ok_or_else(|| ApiError::not_yet_there(format_args!("order {id}")))
}
