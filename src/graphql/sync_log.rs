use async_graphql::{Context, ID, Object};

use super::{
    error::ApiResult,
    loaders,
    provider::Provider,
    scalars::DateTime,
    words::{SyncTrigger, of_word},
};
use crate::{domain::ProviderId, read::SyncLogRow};

#[derive(Debug, Clone)]
pub(super) struct SyncLog(pub(super) SyncLogRow);

/// One run of a catalogue sync.
#[Object]
impl SyncLog {
    async fn id(&self) -> ID {
        ID(self.0.sync_id.to_string())
    }

    async fn provider(&self, ctx: &Context<'_>) -> ApiResult<Provider> {
        loaders::provider(ctx, ProviderId(self.0.provider_id)).await
    }

    async fn trigger(&self) -> ApiResult<SyncTrigger> {
        of_word(&self.0.trigger)
    }

    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    async fn duration_ms(&self) -> Option<f64> {
        let duration = self.0.finished_at? - self.0.started_at;
        duration.num_microseconds().map(|microseconds| microseconds as f64 / 1000.0)
    }

    async fn imported(&self) -> i32 {
        self.0.imported
    }

    async fn updated(&self) -> i32 {
        self.0.updated
    }

    async fn delisted(&self) -> i32 {
        self.0.delisted
    }

    async fn unchanged(&self) -> i32 {
        self.0.unchanged
    }

    /// By row, or what stopped the run; a bad row alone does not make the run fail.
    async fn errors(&self) -> &[String] {
        &self.0.errors
    }

    /// Null while it runs.
    async fn succeeded(&self) -> Option<bool> {
        self.0.succeeded
    }
}
