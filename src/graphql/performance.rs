use async_graphql::{Context, Object};

use super::{error::ApiResult, loaders, provider::Provider, scalars::DateTime};
use crate::read::ProviderDay;

#[derive(Debug, Clone)]
pub(super) struct ProviderPerformance(pub(super) ProviderDay);

/// One provider on one UTC day: the attempts that started on it. successfulOrders were placed, failedOrders refused or not placed.
#[Object]
impl ProviderPerformance {
    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, self.0.provider_id).await
    }

    async fn date(&self) -> String {
        self.0.day.to_string()
    }

    async fn total_orders(&self) -> i64 {
        self.0.performance.total
    }

    async fn successful_orders(&self) -> i64 {
        self.0.performance.placed
    }

    async fn failed_orders(&self) -> i64 {
        self.0.performance.failed
    }

    async fn in_doubt_orders(&self) -> i64 {
        self.0.performance.in_doubt
    }

    async fn success_rate(&self) -> Option<f64> {
        self.0.performance.success_rate()
    }

    async fn mean_response_ms(&self) -> Option<f64> {
        self.0.performance.mean_response_ms()
    }

    async fn p95_response_ms(&self) -> Option<f64> {
        self.0.performance.p95_response_ms()
    }

    async fn last_success(&self) -> Option<DateTime> {
        self.0.performance.last_success.map(DateTime)
    }

    async fn last_failure(&self) -> Option<DateTime> {
        self.0.performance.last_failure.map(DateTime)
    }
}
