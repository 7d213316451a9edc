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

    /// Of those that failed or are in doubt: no answer came, or a broken one. The three ledgers add up to all of them.
    async fn transport_failures(&self) -> i64 {
        self.0.performance.failures.transport
    }

    /// Of those that failed or are in doubt: the provider would not, for its wallet, key, services, load or maintenance, or answered an error that does not rule the order out.
    async fn provider_failures(&self) -> i64 {
        self.0.performance.failures.provider
    }

    /// Of those that failed or are in doubt: the customer's request would not do, link or quantity. They hurt nobody's success rate.
    async fn request_failures(&self) -> i64 {
        self.0.performance.failures.request
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
