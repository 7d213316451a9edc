use async_graphql::Object;

use super::provider::Provider;
use crate::read;

#[derive(Debug, Clone)]
pub(super) struct ProviderRanking {
    pub(super) rank: i32,
    pub(super) row: read::ProviderRanking,
}

/// Place of a provider in the routing order, with the reason in words.
#[Object]
impl ProviderRanking {
    /// 1 is tried first.
    async fn rank(&self) -> i32 {
        self.rank
    }

    async fn provider(&self) -> Provider {
        Provider(self.row.provider.clone())
    }

    /// Share of attempts that were placed in the last 7 days, 0 to 1; 0.5 before the first.
    async fn score(&self) -> f64 {
        self.row.score
    }

    async fn reasons(&self) -> &[String] {
        &self.row.reasons
    }
}
