use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use super::measure::measured_providers;
use crate::{
    command::{CommandError, Commands},
    process::DispatchStatus,
};

/// What the ranking is composed of.
#[derive(Debug)]
pub struct ProviderRankingNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// Connections that see the read models.
    pub reads: PgPool,
    /// Between two looks.
    pub every: Duration,
    /// Whether this process dispatches: only then it ranks.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Why a look came to nothing. The next one makes up for it.
#[derive(Debug, thiserror::Error)]
enum NotRanked {
    #[error(transparent)]
    Read(#[from] sqlx::Error),
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Keeps ranking providers.
#[derive(Debug)]
pub struct ProviderRankings {
    needs: ProviderRankingNeeds,
}

impl ProviderRankings {
    /// Composes the ranking; [`run`](Self::run) is its life.
    pub fn new(needs: ProviderRankingNeeds) -> Self {
        Self { needs }
    }

    /// Ranks, whenever this process dispatches, until the program is to stop.
    pub async fn run(self) {
        let stop = self.needs.stop.clone();
        stop.run_until_cancelled(self.keep_ranking()).await;
    }

    async fn keep_ranking(&self) {
        let mut dispatching = self.needs.dispatching.clone();
        let dispatches = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
        while dispatching.wait_for(dispatches).await.is_ok() {
            if let Err(error) = self.rank().await {
                tracing::debug!(%error, "providers cannot be ranked at present");
            }
            sleep(self.needs.every).await;
        }
    }

    async fn rank(&self) -> Result<(), NotRanked> {
        let measured = measured_providers(&self.needs.reads, this_minute()).await?;
        for (provider, measures) in measured.measures {
            match self.needs.commands.rank_provider(provider, measures, measured.basis).await {
                // Deleted meanwhile.
                Ok(()) | Err(CommandError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The read model counts by minutes, so a span that begins with one is exact.
fn this_minute() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now)
}
