use std::{future::pending, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{BalancePace, timetable::Timetable};
use crate::{
    command::{Commands, Snapshot},
    domain::provider::UpstreamPolicy,
    process::{DispatchStatus, Endpoints, rests::Rests, tenures},
    provider_api::PanelClient,
};

/// What the monitor is composed of.
#[derive(Debug)]
pub struct BalanceMonitorNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// Calls providers.
    pub client: PanelClient,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// How they are asked.
    pub pace: BalancePace,
    /// Whether this process dispatches: only then it asks.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Keeps asking providers what our accounts there hold.
#[derive(Debug)]
pub struct BalanceMonitor {
    pub(super) needs: BalanceMonitorNeeds,
    pub(super) endpoints: Endpoints,
    pub(super) rests: Rests,
}

impl BalanceMonitor {
    /// Composes the monitor; [`run`](Self::run) is its life.
    pub fn new(needs: BalanceMonitorNeeds) -> Self {
        let endpoints = Endpoints::new(needs.commands.clone(), needs.policy);
        let rests = Rests::under(needs.commands.breaker());
        Self { needs, endpoints, rests }
    }

    /// Asks, whenever this process dispatches, until the program is to stop.
    pub async fn run(self) {
        let asking = async {
            let Some(interval) = self.needs.pace.interval else { return pending().await };
            tenures::in_each(&self.needs.dispatching, || self.keep_asking(interval)).await;
        };
        self.needs.stop.run_until_cancelled(asking).await;
    }

    async fn keep_asking(&self, interval: Duration) {
        let pace = self.needs.pace;
        let mut timetable = Timetable::new(pace, interval, self.rests.clone());
        let mut looks = FuturesUnordered::new();
        loop {
            let watched = self.needs.commands.catalogue().read(Snapshot::providers_to_watch);
            timetable.update(watched, Instant::now());
            let free = pace.at_once.saturating_sub(looks.len());
            for provider in timetable.take_due(free, Instant::now()) {
                looks.push(self.ask(provider));
            }
            tokio::select! {
                Some(look) = looks.next() => self.take(look, &mut timetable).await,
                () = sleep(pace.glance) => {}
            }
        }
    }
}
