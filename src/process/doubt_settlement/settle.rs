use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    DoubtPace,
    load::{self, InDoubt},
};
use crate::{
    command::Commands,
    domain::{
        AttemptId, ProviderId,
        provider::UpstreamPolicy,
        settlement::{Verdict, Why},
    },
    process::{DispatchStatus, Endpoints},
    provider_api::PanelClient,
};

/// Between two tries while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// What the settlement of doubt is composed of.
#[derive(Debug)]
pub struct DoubtSettlementNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// Calls providers.
    pub client: PanelClient,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// Connections that see the read models.
    pub reads: PgPool,
    /// How often is asked.
    pub pace: DoubtPace,
    /// Whether this process dispatches: only then it asks.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Keeps looking for evidence of what is in doubt.
#[derive(Debug)]
pub struct DoubtSettlement {
    pub(super) needs: DoubtSettlementNeeds,
    pub(super) endpoints: Endpoints,
}

/// An attempt that evidence is looked for.
#[derive(Debug)]
struct Watched {
    due: Instant,
    /// Readings on end that proved nothing.
    in_vain: u32,
    /// What the last one would prove.
    last: Verdict,
}

type Watch = HashMap<AttemptId, Watched>;

impl DoubtSettlement {
    /// Composes it; [`run`](Self::run) is its life.
    pub fn new(needs: DoubtSettlementNeeds) -> Self {
        let endpoints = Endpoints::new(needs.commands.clone(), needs.policy);
        Self { needs, endpoints }
    }

    /// Looks for evidence, whenever this process dispatches, until the program is to stop.
    pub async fn run(self) {
        let stop = self.needs.stop.clone();
        let _ = stop.run_until_cancelled(self.tenures()).await;
    }

    /// Returns when there is nobody any more who says whether this process dispatches.
    async fn tenures(&self) {
        let mut dispatching = self.needs.dispatching.clone();
        let mut ending = dispatching.clone();
        let is_on = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
        while dispatching.wait_for(is_on).await.is_ok() {
            tokio::select! {
                () = self.settle() => {}
                _ = ending.wait_for(|status| !is_on(status)) => {}
            }
        }
    }

    async fn settle(&self) {
        let mut watch = Watch::new();
        loop {
            match load::in_doubt(&self.needs.reads).await {
                Ok(doubts) => self.look(&mut watch, doubts).await,
                Err(error) => {
                    tracing::debug!(%error, "cannot look up what is in doubt");
                    sleep(RETRY).await;
                }
            }
            sleep(self.needs.pace.look).await;
        }
    }

    async fn look(&self, watch: &mut Watch, doubts: Vec<InDoubt>) {
        watch.retain(|id, _| doubts.iter().any(|doubt| doubt.attempt() == *id));
        let mut due: HashMap<ProviderId, Vec<InDoubt>> = HashMap::new();
        let now = Instant::now();
        let is_due = |doubt: &InDoubt| watch.get(&doubt.attempt()).is_none_or(|it| it.due <= now);
        for doubt in doubts.into_iter().filter(is_due) {
            due.entry(doubt.provider()).or_default().push(doubt);
        }
        for (doubt, verdict) in join_all(due.into_values().map(|at| self.ask(at))).await.concat() {
            self.take(watch, &doubt, verdict).await;
        }
    }

    /// Asks one provider once about all that is due there.
    async fn ask(&self, doubts: Vec<InDoubt>) -> Vec<(InDoubt, Verdict)> {
        let list = match doubts.first() {
            Some(doubt) => self.list(doubt).await,
            None => None,
        };
        let mut read = Vec::with_capacity(doubts.len());
        for doubt in doubts {
            let verdict = match &list {
                Some(list) => self.read(&doubt, list).await,
                None => Ok(None),
            };
            let verdict = verdict.unwrap_or_else(|error| {
                tracing::debug!(order = %doubt.order(), %error, "cannot judge a reading");
                None
            });
            read.push((doubt, verdict.unwrap_or(Verdict::Inconclusive(Why::NoList))));
        }
        read
    }

    async fn take(&self, watch: &mut Watch, doubt: &InDoubt, verdict: Verdict) {
        let first = || Watched {
            due: Instant::now(),
            in_vain: 0,
            last: Verdict::Inconclusive(Why::Unconfirmed),
        };
        let watched = watch.entry(doubt.attempt()).or_insert_with(first);
        let proved = watched.last.confirmed_by(&verdict);
        watched.in_vain = match verdict {
            Verdict::Inconclusive(_) => watched.in_vain.saturating_add(1),
            Verdict::NotPlaced => 0,
        };
        watched.last = verdict;
        watched.due = Instant::now() + self.needs.pace.after(watched.in_vain);
        match proved {
            Verdict::Inconclusive(why) => {
                tracing::debug!(order = %doubt.order(), %why, "an attempt stays in doubt");
            }
            Verdict::NotPlaced => self.conclude(doubt).await,
        }
    }
}
