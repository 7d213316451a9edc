use async_graphql::{Context, Object};

use super::{
    error::ApiResult,
    loaders,
    order::Order,
    provider::Provider,
    scalars::{DateTime, Position},
    service::Service,
    words::{AlertKind, of_word},
};
use crate::{
    domain::{OrderId, ProviderId, ServiceId},
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
}
