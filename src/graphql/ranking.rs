use async_graphql::Object;

use super::{provider::Provider, service::Service};
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
        self.row.provider.clone().into()
    }

    /// How good the provider has proved to be, 0 to 1: how likely it is to take an order, how fast it answers (both over 7 days), how much of an order it delivers (over 30 days). What is expected of everybody, before it was measured.
    async fn score(&self) -> f64 {
        self.row.score
    }

    async fn reasons(&self) -> &[String] {
        &self.row.reasons
    }
}

#[derive(Debug, Clone)]
pub(super) struct PriorityAdvice(pub(super) read::AdviceRow);

/// Two providers whose order of priority contradicts what was measured.
#[Object]
impl PriorityAdvice {
    /// The service whose backups are meant, by the priorities of their mappings; null where it is the providers' own priorities.
    async fn service(&self) -> Option<Service> {
        self.0.service.clone().map(Service)
    }

    /// The one that is tried first.
    async fn provider(&self) -> Provider {
        self.0.provider.clone().into()
    }

    /// The best of those that are tried later and have proved better.
    async fn better(&self) -> Provider {
        self.0.better.clone().into()
    }

    /// How far their scores are apart, 0 to 1.
    async fn difference(&self) -> f64 {
        self.0.difference
    }

    /// The figures of both, in words.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}
