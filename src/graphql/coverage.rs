use async_graphql::{Context, Enum, Object, SimpleObject};

use super::{error::ApiResult, loaders, service::Service};
use crate::read::CoverageRow;

/// ALL_PROVIDERS_DOWN: nobody takes its orders at present. NO_USABLE_BACKUP: none is mapped, or all would be passed over. More may come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::routing::CoverageProblem")]
pub(super) enum CoverageProblem {
    AllProvidersDown,
    NoUsableBackup,
    BackupOfOtherType,
    BackupLimits,
    BackupWithoutDripfeed,
    BackupCostsMore,
}

#[derive(Debug, Clone)]
pub(super) struct CoverageGap(pub(super) CoverageRow);

/// What is wrong with the backups of a service for sale.
#[Object]
impl CoverageGap {
    async fn service(&self) -> Service {
        Service(self.0.service.clone())
    }

    async fn problem(&self) -> CoverageProblem {
        self.0.gap.problem.into()
    }

    /// Null where it is about all of them.
    async fn backup(&self, ctx: &Context<'_>) -> ApiResult<Option<Service>> {
        match self.0.gap.backup {
            Some(id) => loaders::service(ctx, id).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is wrong, in words.
    async fn message(&self) -> &str {
        &self.0.gap.message
    }
}

/// What the connection of gaps has besides its edges.
#[derive(SimpleObject)]
pub(super) struct CoverageTotals {
    /// All gaps that the argument lets through, on whatever page.
    pub(super) total_count: i32,
    /// Services for sale, with and without a gap.
    pub(super) services_for_sale: i32,
}
