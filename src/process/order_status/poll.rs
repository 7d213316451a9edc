use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    StatusPace,
    ask::Finished,
    ended::Round,
    load,
    schedule::Schedule,
    watch::{Subject, Watch},
};
use crate::{
    command::Commands,
    domain::{Position, provider::UpstreamPolicy},
    journal::{Filter, Follower, Page},
    process::{DispatchStatus, Endpoints, rests::Rests, tenures},
    provider_api::PanelClient,
};

/// Between two tries while the database is away.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// What the poll is composed of.
#[derive(Debug)]
pub struct StatusPollNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// Calls providers.
    pub client: PanelClient,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// Connections that see the read models.
    pub reads: PgPool,
    /// How often is asked.
    pub pace: StatusPace,
    /// Whether this process dispatches: only then it polls.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Keeps asking providers how the orders stand that they hold.
pub struct StatusPoll {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for StatusPoll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusPoll").finish_non_exhaustive()
    }
}

/// What came of a task.
enum Done {
    Call(Finished),
    Round(Round),
    /// An order that has ended and is to be looked at before its round.
    Ended(Option<(Subject, Watch)>),
}

/// What all calls share.
pub(super) struct Shared {
    pub(super) needs: StatusPollNeeds,
    pub(super) endpoints: Endpoints,
    pub(super) rests: Rests,
}

impl StatusPoll {
    /// Composes the poll; [`run`](Self::run) is its life.
    pub fn new(needs: StatusPollNeeds) -> Self {
        let endpoints = Endpoints::new(needs.commands.clone(), needs.policy);
        let rests = Rests::under(needs.commands.breaker());
        Self { shared: Arc::new(Shared { needs, endpoints, rests }) }
    }

    /// Polls, whenever this process dispatches, until the program is to stop. A call that is cut off then has no other
    /// effect than that nothing is heard.
    pub async fn run(self) {
        let needs = &self.shared.needs;
        let polling = tenures::in_each(&needs.dispatching, || self.poll());
        needs.stop.run_until_cancelled(polling).await;
    }

    /// Returns when the journal is closed, or one of its tasks has failed, and with it what was known of its orders.
    async fn poll(&self) {
        let (mut schedule, from) = self.load().await;
        let mut follower = self.shared.needs.commands.journal().follow(Filter::HeldOrders, from);
        let mut tasks = JoinSet::new();
        // What the tenure before had found and not asked about yet is found once more.
        self.begin_round(&mut tasks, Utc::now() - self.shared.needs.pace.round() * 2);
        loop {
            while let Some(batch) = schedule.next_batch(Instant::now()) {
                let shared = self.shared.clone();
                tasks.spawn(async move { Done::Call(shared.ask(batch).await) });
            }
            tokio::select! {
                page = next_page(&mut follower) => match page {
                    Some(page) => for event in page.events() {
                        if let Some(order) = schedule.take(&event, Instant::now()) {
                            let shared = self.shared.clone();
                            tasks.spawn(async move { Done::Ended(shared.ended_order(order).await) });
                        }
                    },
                    None => return,
                },
                Some(done) = tasks.join_next() => match done {
                    Ok(Done::Call(finished)) => schedule.finished(finished, Instant::now()),
                    Ok(Done::Round(Round { upto, found })) => {
                        let (within, now) = (self.shared.needs.pace.round(), Instant::now());
                        found.into_iter().for_each(|it| schedule.look_again(it, within, now));
                        self.begin_round(&mut tasks, upto);
                    }
                    Ok(Done::Ended(found)) => {
                        let (within, now) = (self.shared.needs.pace.first, Instant::now());
                        found.into_iter().for_each(|it| schedule.look_again(it, within, now));
                    }
                    Err(error) => {
                        tracing::error!(%error, "a look at orders failed, beginning anew");
                        return;
                    }
                },
                () = until(schedule.next_due()) => {}
            }
        }
    }

    fn begin_round(&self, tasks: &mut JoinSet<Done>, since: DateTime<Utc>) {
        let shared = self.shared.clone();
        tasks.spawn(async move { Done::Round(shared.ended_round(since).await) });
    }

    async fn load(&self) -> (Schedule, Position) {
        loop {
            match load::schedule(&self.shared.needs).await {
                Ok(loaded) => return loaded,
                Err(error) => tracing::warn!(%error, "cannot look up which orders to watch yet"),
            }
            sleep(RETRY).await;
        }
    }
}

/// Dropping the future loses nothing.
async fn next_page(follower: &mut Follower) -> Option<Page> {
    loop {
        match follower.next().await {
            Ok(page) => return page,
            Err(error) => {
                tracing::debug!(%error, "the watch on orders cannot read the journal");
                sleep(RETRY).await;
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
