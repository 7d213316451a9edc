use std::collections::{HashMap, HashSet};

use chrono::Utc;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{AttemptReport, HealthPace, sync::RequestedSyncs, trial::Trials};
use crate::{
    command::{CommandError, Commands},
    domain::{
        ProviderId,
        provider::{Bearing, Breaker, BreakerPolicy, Circuit, Trip, Verdict, Window},
    },
    process::{DispatchStatus, ProviderOperations},
    read::Reads,
};

/// What the watch on providers' health is composed of.
#[derive(Debug)]
pub struct ProviderHealthNeeds {
    /// Asks providers for balances and lists.
    pub operations: ProviderOperations,
    /// Tells which syncs are owed.
    pub reads: Reads,
    /// When a provider is set aside; `None` leaves that to operators.
    pub breaker: Option<BreakerPolicy>,
    /// How closely to watch.
    pub pace: HealthPace,
    /// Tells how attempts end.
    pub reports: mpsc::UnboundedReceiver<AttemptReport>,
    /// Whether this process dispatches: only then it watches.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Keeps failing providers away from orders.
#[derive(Debug)]
pub struct ProviderHealth {
    pub(super) operations: ProviderOperations,
    pub(super) reads: Reads,
    breaker: Option<BreakerPolicy>,
    pub(super) pace: HealthPace,
    reports: mpsc::UnboundedReceiver<AttemptReport>,
    dispatching: watch::Receiver<DispatchStatus>,
    stop: CancellationToken,
    windows: HashMap<ProviderId, Window>,
    pub(super) trials: Trials,
    /// Providers that are being asked whether they work again, or were a moment ago.
    pub(super) probing: HashSet<ProviderId>,
    pub(super) probes: JoinSet<ProviderId>,
    pub(super) syncs: RequestedSyncs,
    /// Looked up once in each tenure.
    pub(super) owed_syncs: JoinSet<Vec<ProviderId>>,
    in_tenure: bool,
}

impl ProviderHealth {
    /// Composes the watch; [`run`](Self::run) is its life.
    pub fn new(needs: ProviderHealthNeeds) -> Self {
        let ProviderHealthNeeds { operations, reads, breaker, pace, reports, dispatching, stop } =
            needs;
        Self {
            operations,
            reads,
            breaker,
            pace,
            reports,
            dispatching,
            stop,
            windows: HashMap::new(),
            trials: Trials::default(),
            probing: HashSet::new(),
            probes: JoinSet::new(),
            syncs: RequestedSyncs::default(),
            owed_syncs: JoinSet::new(),
            in_tenure: false,
        }
    }

    /// Watches, whenever this process dispatches, until the program is to stop.
    pub async fn run(mut self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.keep_watching()).await;
    }

    async fn keep_watching(&mut self) {
        let mut next_look = Instant::now();
        loop {
            if next_look <= Instant::now() {
                match self.dispatches() {
                    true => self.look().await,
                    false => self.forget(),
                }
                next_look = Instant::now() + self.pace.glance;
            }
            tokio::select! {
                Some(report) = self.reports.recv() => if self.dispatches() {
                    self.take(report).await;
                },
                Some(owed) = self.owed_syncs.join_next() => {
                    self.take_owed_syncs(owed.unwrap_or_default());
                }
                Some(probed) = self.probes.join_next() => self.probed(probed.ok()),
                () = sleep_until(next_look) => {}
            }
        }
    }

    fn dispatches(&self) -> bool {
        *self.dispatching.borrow() == DispatchStatus::Dispatching
    }

    fn forget(&mut self) {
        self.windows.clear();
        self.trials = Trials::default();
        self.syncs = RequestedSyncs::default();
        self.owed_syncs = JoinSet::new();
        self.in_tenure = false;
    }

    /// Attends to all that are set aside, and to the syncs that were asked for.
    async fn look(&mut self) {
        let now = Utc::now();
        if !self.in_tenure {
            self.in_tenure = true;
            self.look_up_owed_syncs();
        }
        let set_aside: Vec<(ProviderId, Breaker)> = self.commands().catalogue().read(|snapshot| {
            let set_aside = snapshot.providers().filter(|(_, provider)| {
                provider.is_active() && *provider.breaker.circuit() != Circuit::Closed
            });
            set_aside.map(|(id, provider)| (id, provider.breaker.clone())).collect()
        });
        self.trials.keep(set_aside.iter().filter_map(|(_, breaker)| breaker.trial()));
        for (provider, breaker) in set_aside {
            if breaker.is_due(now) {
                self.probe(provider);
            }
            if let Some(trial) = breaker.trial() {
                self.attend(provider, trial).await;
            }
        }
        let rests = &self.operations.list_rests;
        for provider in self.syncs.take_due(Instant::now(), self.pace.sync_rest, rests) {
            self.sync(provider);
        }
    }

    async fn take(&mut self, report: AttemptReport) {
        let (provider, bearing) = (report.provider_id, report.outcome.bearing());
        if report.is_trial {
            let verdict = Verdict::of(report.outcome, &report.words);
            let ended = self.commands().end_trial(provider, report.attempt_id, verdict).await;
            unrecorded(provider, ended);
        }
        let Some(policy) = self.breaker else { return };
        if bearing == Bearing::ServiceOutOfUse {
            let refused =
                self.commands().suspend_service(report.service_id, report.words.clone()).await;
            unrecorded(provider, refused);
            self.syncs.ask_for(provider);
        }
        if !report.is_trial && self.still_counts(&report) {
            self.count(report, bearing, policy).await;
        }
    }

    /// Of a provider that is set aside, nothing is counted; and what began before it was put back to work is of another
    /// time.
    fn still_counts(&mut self, report: &AttemptReport) -> bool {
        let provider = report.provider_id;
        let resumed_at = self.commands().catalogue().read(|snapshot| {
            let breaker = &snapshot.provider(provider)?.aggregate.breaker;
            (*breaker.circuit() == Circuit::Closed).then(|| breaker.resumed_at())
        });
        match resumed_at {
            None => {
                self.windows.remove(&provider);
                false
            }
            Some(resumed) => resumed.is_none_or(|resumed| resumed <= report.began_at),
        }
    }

    async fn count(&mut self, report: AttemptReport, bearing: Bearing, policy: BreakerPolicy) {
        let (provider, now) = (report.provider_id, Utc::now());
        let window = self.windows.entry(provider).or_default();
        let trip = match bearing {
            Bearing::Good => {
                window.placed(now, &policy);
                None
            }
            Bearing::Failure => window.failed(now, &report.words, &policy),
            Bearing::OutOfUse(cause) => {
                let retry_after = report.outcome.retry_after();
                Some(Trip { cause, reason: report.words, retry_after })
            }
            Bearing::ServiceOutOfUse | Bearing::None => None,
        };
        let Some(trip) = trip else { return };
        let reason = trip.reason.clone();
        let tripped = self.commands().trip_provider(provider, trip).await;
        if tripped.is_ok() {
            tracing::warn!(%provider, reason, "provider set aside");
            self.windows.remove(&provider);
        }
        unrecorded(provider, tripped);
    }

    pub(super) fn commands(&self) -> &Commands {
        &self.operations.commands
    }
}

/// What could not be put on record is made up for by what comes next.
pub(super) fn unrecorded(provider: ProviderId, recorded: Result<(), CommandError>) {
    if let Err(error) = recorded {
        tracing::debug!(%provider, %error, "what was found of a provider is not on record");
    }
}
