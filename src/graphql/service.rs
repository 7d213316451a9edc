use async_graphql::{Context, ID, Object};

use super::{
    context::Backend,
    error::ApiResult,
    input::newest,
    loaders::{self, MappingsOf},
    price_point::PricePoint,
    provider::Provider,
    related::Related,
    scalars::{BigInt, Decimal},
    words::{RoutingStrategy, of_word},
};
use crate::{
    domain::{ProviderId, ServiceId},
    read::{MappingRow, PriceHistoryOf, ServiceRow},
};

#[derive(Debug, Clone)]
pub(super) struct Service(pub(super) ServiceRow);

/// A service as customers buy it: imported from one provider, which is its primary.
#[Object]
impl Service {
    async fn id(&self) -> ID {
        ID(self.0.service_id.to_string())
    }

    /// Short number, what a panel API client sends as `service`.
    async fn number(&self) -> i32 {
        self.0.number
    }

    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, ProviderId(self.0.provider_id)).await
    }

    async fn provider_service_id(&self) -> &str {
        &self.0.provider_service_id
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn category(&self) -> &str {
        &self.0.category
    }

    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// What the provider asks per 1000, in the provider's currency.
    async fn rate(&self) -> Decimal {
        Decimal(self.0.rate)
    }

    /// What customers pay per 1000.
    async fn price(&self) -> Decimal {
        Decimal(self.0.price)
    }

    async fn min(&self) -> BigInt {
        BigInt(self.0.min)
    }

    async fn max(&self) -> BigInt {
        BigInt(self.0.max)
    }

    async fn refill(&self) -> bool {
        self.0.refill
    }

    async fn cancel(&self) -> Option<bool> {
        self.0.cancel
    }

    async fn dripfeed(&self) -> bool {
        self.0.dripfeed
    }

    /// For sale; an operator's choice.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// Still in the provider's catalogue.
    async fn listed(&self) -> bool {
        self.0.listed
    }

    /// Null: the default of the installation.
    async fn strategy(&self) -> ApiResult<Option<RoutingStrategy>> {
        self.0.strategy.as_deref().map(of_word).transpose()
    }

    /// Its own strategy, else the default of the installation.
    async fn effective_strategy(&self, ctx: &Context<'_>) -> ApiResult<RoutingStrategy> {
        match self.0.strategy.as_deref() {
            Some(word) => of_word(word),
            None => Ok(Backend::of(ctx).reads.default_strategy().into()),
        }
    }

    /// Orders wait for others of the same kind on the same link.
    async fn link_lock(&self) -> bool {
        self.0.link_lock
    }

    /// What a provider leaves undelivered is ordered at the next candidate.
    async fn complete_remainder(&self) -> bool {
        self.0.complete_remainder
    }

    /// Why no orders go to it though it is in the provider's catalogue; null where they do.
    async fn suspension_reason(&self) -> Option<&str> {
        self.0.suspension_reason.as_deref()
    }

    /// How long an order waits while all that could take it are suspended, in minutes. Null: the default of the installation.
    async fn wait_minutes(&self) -> Option<i32> {
        self.0.wait_minutes
    }

    /// Every change of rate or price, newest last; `last` is 1 to 1000.
    async fn price_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] last: i32,
    ) -> ApiResult<Vec<PricePoint>> {
        let key = PriceHistoryOf { service: ServiceId(self.0.service_id), last: newest(last)? };
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(PricePoint).collect())
    }

    async fn backups(&self, ctx: &Context<'_>) -> ApiResult<Vec<ServiceMapping>> {
        let key = MappingsOf(ServiceId(self.0.service_id));
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(ServiceMapping).collect())
    }
}

#[derive(Debug, Clone)]
pub(super) struct ServiceMapping(MappingRow);

/// An equivalent of `service` at another provider.
#[Object]
impl ServiceMapping {
    async fn service(&self, ctx: &Context<'_>) -> ApiResult<Service> {
        loaders::service(ctx, ServiceId(self.0.service_id)).await
    }

    async fn backup(&self, ctx: &Context<'_>) -> ApiResult<Service> {
        loaders::service(ctx, ServiceId(self.0.backup_service_id)).await
    }

    async fn priority(&self) -> i32 {
        self.0.priority
    }
}
