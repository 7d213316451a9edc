use async_graphql::{Context, Object};

use super::{
    error::ApiResult,
    loaders,
    provider::Provider,
    scalars::DateTime,
    words::{CallOutcome, of_word},
};
use crate::{
    domain::ProviderId,
    read::{CallHour, CallLogRow},
};

#[derive(Debug, Clone)]
pub(super) struct ProviderCall(pub(super) CallLogRow);

/// One call to a provider, as it was logged.
#[Object]
impl ProviderCall {
    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, ProviderId(self.0.provider_id)).await
    }

    /// In the panel API's word, such as `add`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    async fn outcome(&self) -> ApiResult<CallOutcome> {
        of_word(&self.0.outcome)
    }

    /// Null where no answer began.
    async fn http_status(&self) -> Option<i32> {
        self.0.http_status
    }

    async fn duration_ms(&self) -> f64 {
        self.0.duration_ms as f64
    }

    /// How it came to nothing, in words: without the key, and without the answer's body.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }
}

#[derive(Debug, Clone)]
pub(super) struct CallSummary(pub(super) CallHour);

/// All calls of one action to a provider that ended in one UTC hour.
#[Object]
impl CallSummary {
    /// When the hour began.
    async fn hour(&self) -> DateTime {
        DateTime(self.0.hour)
    }

    /// In the panel API's word, such as `add`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    async fn calls(&self) -> i64 {
        self.0.calls
    }

    /// Those that came to nothing.
    async fn failed(&self) -> i64 {
        self.0.failed
    }

    /// The same by how; what did not occur is absent.
    async fn failures(&self) -> Vec<CallFailures> {
        let failures = self.0.failures.iter();
        failures.map(|(word, count)| CallFailures { word: word.clone(), count: *count }).collect()
    }

    async fn mean_ms(&self) -> Option<f64> {
        self.0.mean_ms()
    }

    async fn p95_ms(&self) -> Option<f64> {
        self.0.p95_ms()
    }
}

pub(super) struct CallFailures {
    word: String,
    count: i64,
}

/// How many calls came to nothing in one way.
#[Object]
impl CallFailures {
    async fn outcome(&self) -> ApiResult<CallOutcome> {
        of_word(&self.word)
    }

    async fn count(&self) -> i64 {
        self.count
    }
}
