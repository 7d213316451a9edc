use async_graphql::{Context, Object};

use super::{error::ApiResult, loaders, order::Order, provider::Provider, scalars::DateTime};
use crate::{
    domain::{OrderId, ProviderId},
    read::FailoverLogRow,
};

#[derive(Debug, Clone)]
pub(super) struct FailoverLog(pub(super) FailoverLogRow);

/// One per attempt that was refused or found not placed; none while in doubt.
#[Object]
impl FailoverLog {
    async fn order(&self, ctx: &Context<'_>) -> ApiResult<Order> {
        loaders::order(ctx, OrderId(self.0.order_id)).await
    }

    async fn from_provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, ProviderId(self.0.from_provider_id)).await
    }

    /// Null where no candidate was left, or the class of the refusal forbids another.
    async fn to_provider(&self, ctx: &Context<'_>) -> ApiResult<Option<Provider>> {
        match self.0.to_provider_id {
            Some(id) => loaders::provider(ctx, ProviderId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    async fn reason(&self) -> &str {
        &self.0.reason
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}
