use async_graphql::{Context, Object};

use super::{
    alert_delivery::AlertDelivery,
    error::ApiResult,
    loaders::{self, DeliveriesOf},
    order::Order,
    provider::Provider,
    related::Related,
    scalars::{DateTime, Position},
    service::Service,
    words::{AlertKind, of_word},
};
use crate::{
    domain::{self, OrderId, ProviderId, ServiceId},
    read::AlertRow,
};

#[derive(Debug, Clone)]
pub(super) struct Alert(pub(super) AlertRow);

/// Something that an operator should know of. What it is about is null where it is about nothing of that sort.
#[Object]
impl Alert {
    /// Place of its event in the journal.
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    async fn kind(&self) -> ApiResult<AlertKind> {
        of_word(&self.0.kind)
    }

    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Option<Provider>> {
        match self.0.provider_id {
            Some(id) => loaders::provider(ctx, ProviderId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    async fn service(&self, ctx: &Context<'_>) -> ApiResult<Option<Service>> {
        match self.0.service_id {
            Some(id) => loaders::service(ctx, ServiceId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    async fn order(&self, ctx: &Context<'_>) -> ApiResult<Option<Order>> {
        match self.0.order_id {
            Some(id) => loaders::order(ctx, OrderId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    /// What happened, in words.
    async fn message(&self) -> &str {
        &self.0.message
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Since when it is over. Null while it lasts, and for what does not last.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// How operators were told of it, by channel; empty where none is set up.
    async fn deliveries(&self, ctx: &Context<'_>) -> ApiResult<Vec<AlertDelivery>> {
        let key = DeliveriesOf(domain::Position(self.0.position));
        let rows = Related::of(ctx).load_one(key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(AlertDelivery).collect())
    }
}
