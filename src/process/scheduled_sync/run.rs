use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    SyncPace,
    timetable::{Moment, Timetable},
};
use crate::{
    domain::ProviderId,
    process::{DispatchStatus, ProviderOperations, tenures},
    read::Reads,
};

/// What the schedule is composed of.
#[derive(Debug)]
pub struct ScheduledSyncNeeds {
    /// Runs the syncs.
    pub operations: ProviderOperations,
    /// Tells the rhythms and the last runs.
    pub reads: Reads,
    /// How the schedule is kept.
    pub pace: SyncPace,
    /// Whether this process dispatches: only then it syncs.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Keeps catalogues in step with the providers' lists.
#[derive(Debug)]
pub struct ScheduledSync {
    needs: ScheduledSyncNeeds,
}

impl ScheduledSync {
    /// Composes the schedule; [`run`](Self::run) is its life.
    pub fn new(needs: ScheduledSyncNeeds) -> Self {
        Self { needs }
    }

    /// Syncs what is due, whenever this process dispatches, until the program is to stop.
    pub async fn run(self) {
        let keeping = tenures::in_each(&self.needs.dispatching, || self.keep());
        self.needs.stop.run_until_cancelled(keeping).await;
    }

    /// Returns when a run's task has failed. Dropping the future lets the runs go on to their end.
    async fn keep(&self) {
        let pace = self.needs.pace;
        let mut timetable = Timetable::new(pace, self.needs.operations.list_rests.clone());
        let mut runs = FuturesUnordered::new();
        loop {
            match self.needs.reads.sync_schedule().await {
                Ok(rows) => timetable.update(rows, Moment::now()),
                Err(error) => tracing::debug!(%error, "cannot look up which syncs are due"),
            }
            let free = pace.at_once.saturating_sub(runs.len());
            for provider in timetable.take_due(free, Instant::now()) {
                runs.push(self.begin(provider));
            }
            tokio::select! {
                Some(finished) = runs.next() => match finished {
                    Ok(provider) => timetable.finished(provider, Instant::now()),
                    Err(error) => {
                        tracing::error!(%error, "a scheduled sync failed, beginning anew");
                        return;
                    }
                },
                () = sleep(pace.glance) => {}
            }
        }
    }

    fn begin(&self, provider: ProviderId) -> JoinHandle<ProviderId> {
        let operations = self.needs.operations.clone();
        tokio::spawn(async move {
            if let Err(error) = operations.scheduled_sync(provider).await {
                tracing::warn!(%provider, %error, "a scheduled sync could not be run");
            }
            provider
        })
    }
}
