use std::collections::HashMap;

use async_graphql::{Context, dataloader::Loader};
use chrono::NaiveDate;

use super::{
    context::loaders,
    error::{ApiError, ApiResult},
    order::Order,
    provider::Provider,
    service::Service,
};
use crate::{
    domain::{OrderId, Position, ProviderId, ServiceId},
    read::{
        AlertDeliveryRow, AttemptRow, CallHour, CallHoursOf, EventRow, MappingRow, OrderRow,
        PriceHistoryOf, PricePointRow, ProviderDay, ProviderRow, ReadError, Reads, RefillRow,
        ServiceRow, SyncLogRow,
    },
};

/// Reads for many objects at once what each of them asks for. The key's type says what is read.
pub(super) struct Loaders {
    reads: Reads,
}

impl Loaders {
    pub(super) fn new(reads: Reads) -> Self {
        Self { reads }
    }
}

macro_rules! load {
    ($($key:ty => $value:ty, $read:ident;)+) => {$(
        impl Loader<$key> for Loaders {
            type Value = $value;
            type Error = ReadError;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, $value>, ReadError> {
                self.reads.$read(keys).await
            }
        }
    )+};
}

macro_rules! load_of {
    ($($(#[$doc:meta])* $key:ident($id:ty) => $value:ty, $read:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(super) struct $key(pub(super) $id);

        impl Loader<$key> for Loaders {
            type Value = $value;
            type Error = ReadError;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, $value>, ReadError> {
                let ids: Vec<$id> = keys.iter().map(|key| key.0).collect();
                let found = self.reads.$read(&ids).await?;
                Ok(found.into_iter().map(|(id, value)| ($key(id), value)).collect())
            }
        }
    )+};
}

load! {
    ProviderId => ProviderRow, providers_by_id;
    ServiceId => ServiceRow, services_by_id;
    OrderId => OrderRow, orders_by_id;
    (ProviderId, NaiveDate) => Vec<ProviderDay>, provider_days;
    PriceHistoryOf => Vec<PricePointRow>, price_histories;
    CallHoursOf => Vec<CallHour>, call_hours;
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
    /// An order's refills.
    RefillsOf(OrderId) => Vec<RefillRow>, refills;
    /// How operators were told of an alert.
    DeliveriesOf(Position) => Vec<AlertDeliveryRow>, alert_deliveries;
    /// All that happened to an order.
    TimelineOf(OrderId) => Vec<EventRow>, timelines;
}

/// Resolves a provider that history names, deleted or not.
pub(super) async fn provider(ctx: &Context<'_>, id: ProviderId) -> ApiResult<Provider> {
    let row = loaders(ctx).load_one(id).await?;
    row.map(Provider).ok_or_else(|| ApiError::not_yet_there(format_args!("provider {id}")))
}

/// Resolves a service that history names, retired or not.
pub(super) async fn service(ctx: &Context<'_>, id: ServiceId) -> ApiResult<Service> {
    let row = loaders(ctx).load_one(id).await?;
    row.map(Service).ok_or_else(|| ApiError::not_yet_there(format_args!("service {id}")))
}

/// Resolves an order that a log names.
pub(super) async fn order(ctx: &Context<'_>, id: OrderId) -> ApiResult<Order> {
    let row = loaders(ctx).load_one(id).await?;
    row.map(Order).ok_or_else(|| ApiError::not_yet_there(format_args!("order {id}")))
}
