use async_graphql::{Context, Enum, Object};

use super::{error::ApiResult, loaders, scalars::DateTime, service::Service, words::of_word};
use crate::{domain::ServiceId, read::HealthChangeRow};

/// SUSPENDED: no orders go there. PROBE_FAILED: it was asked whether it works again, and does not. HALF_OPENED: one order may try it. More may come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthChangeKind {
    Suspended,
    ProbeFailed,
    HalfOpened,
    Resumed,
}

#[derive(Debug, Clone)]
pub(super) struct HealthChange(pub(super) HealthChangeRow);

/// One time that a provider, or a service of it, was set aside, asked, or put back to work.
#[Object]
impl HealthChange {
    async fn change(&self) -> ApiResult<HealthChangeKind> {
        of_word(&self.0.change)
    }

    /// Null where it is about the whole provider.
    async fn service(&self, ctx: &Context<'_>) -> ApiResult<Option<Service>> {
        match self.0.service_id {
            Some(id) => loaders::service(ctx, ServiceId(id)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Why, in words.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// When it is asked whether it works again.
    async fn until(&self) -> Option<DateTime> {
        self.0.until.map(DateTime)
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}
