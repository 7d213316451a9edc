use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{drive::Drive, takeover, tenure::Tenure};
use crate::{
    command::{Claims, Commands, Work},
    domain::{OrderId, Position, provider::UpstreamPolicy},
    journal::{Filter, Follower, Page, read_head},
    process::{AttemptReports, Endpoints},
    provider_api::PanelClient,
    vital,
};

/// How long calls under way may go on once the program is told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(20);
/// Orders loaded at once.
const LOADS: usize = 6;
/// Between two tries to read the journal while the database is away.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// What the dispatcher is composed of.
#[derive(Debug)]
pub struct DispatchNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// Calls providers.
    pub client: PanelClient,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// Connections that see the read models.
    pub reads: PgPool,
    /// Reaches the database for the lock.
    pub database: PgConnectOptions,
    /// How long to wait where waiting is called for.
    pub pace: DispatchPace,
    /// Hears how attempts ended.
    pub reports: AttemptReports,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// How long the dispatcher waits where waiting is called for.
#[derive(Debug, Clone, Copy)]
pub struct DispatchPace {
    /// Until a busy link is tried again for the first time; doubles from there.
    pub busy_link: Duration,
    /// Longest wait for a busy link.
    pub busy_link_at_most: Duration,
}

impl Default for DispatchPace {
    fn default() -> Self {
        Self { busy_link: Duration::from_secs(30), busy_link_at_most: Duration::from_secs(15 * 60) }
    }
}

/// Whether this process dispatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DispatchStatus {
    /// It has not got the lock yet.
    Starting,
    /// Another process has the lock; orders placed here are queued for that one.
    ElsewhereDispatched,
    /// It does.
    Dispatching,
}

/// The dispatcher: gives every order that is free a task of its own.
pub struct Dispatch {
    shared: Arc<Shared>,
    status: watch::Sender<DispatchStatus>,
    tasks: TaskTracker,
}

impl std::fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatch").field("status", &*self.status.borrow()).finish_non_exhaustive()
    }
}

/// What all drives share.
pub(super) struct Shared {
    pub(super) needs: DispatchNeeds,
    pub(super) endpoints: Endpoints,
    /// Turns at loading orders.
    pub(super) loads: Semaphore,
}

impl Dispatch {
    /// Composes the dispatcher; [`run`](Self::run) is its life.
    pub fn new(needs: DispatchNeeds) -> Self {
        let endpoints = Endpoints::new(needs.commands.clone(), needs.policy);
        let (status, _) = watch::channel(DispatchStatus::Starting);
        let shared = Arc::new(Shared { needs, endpoints, loads: Semaphore::new(LOADS) });
        Self { shared, status, tasks: TaskTracker::new() }
    }

    /// Returns whether this process dispatches, now and from now on.
    pub fn status(&self) -> watch::Receiver<DispatchStatus> {
        self.status.subscribe()
    }

    /// Dispatches, whenever the lock is held, until the program is to stop; then waits for the calls under way.
    pub async fn run(self, mut work: mpsc::UnboundedReceiver<Work>) {
        let stop = self.shared.needs.stop.clone();
        loop {
            let taking = Tenure::take(&self.shared.needs.database, || self.wait_for_other());
            let mut tenure = tokio::select! {
                tenure = taking => tenure,
                // What was claimed in a tenure that is over is released.
                () = self.hand_on(&mut work) => break,
                () = stop.cancelled() => break,
            };
            self.begin();
            tokio::select! {
                () = self.serve(&mut work) => {}
                () = tenure.lost() => tracing::warn!("lost the dispatcher's lock, taking it again"),
                () = stop.cancelled() => {
                    self.end();
                    self.drain(&mut work).await;
                    tenure.give_back().await;
                    return;
                }
            }
            self.end();
        }
        self.drain(&mut work).await;
    }

    fn wait_for_other(&self) {
        let other = DispatchStatus::ElsewhereDispatched;
        if self.status.send_replace(other) != other {
            tracing::info!("another process dispatches: orders placed here are queued for it");
        }
    }

    fn begin(&self) {
        let incarnation = self.claims().begin_tenure();
        self.status.send_replace(DispatchStatus::Dispatching);
        tracing::info!(%incarnation, "this process dispatches orders");
    }

    fn end(&self) {
        self.claims().end_tenure();
        self.status.send_replace(DispatchStatus::Starting);
    }

    /// Takes over what is on record, then goes on with what comes.
    async fn serve(&self, work: &mut mpsc::UnboundedReceiver<Work>) {
        let from = tokio::select! {
            from = self.take_over() => from,
            () = self.hand_on(work) => return,
        };
        let end = tokio::select! {
            end = self.journal_end() => end,
            () = self.hand_on(work) => return,
        };
        let tidying = self.tidy_up();
        let mut follower = self.commands().journal().follow(Filter::OpenOrders, from);
        tokio::select! {
            () = self.follow(&mut follower, from, end) => {}
            () = self.hand_on(work) => {}
            () = tidying => {}
        }
    }

    async fn take_over(&self) -> Position {
        loop {
            match takeover::open_orders(&self.shared.needs).await {
                Ok((queued, upto)) => {
                    tracing::info!(orders = queued.len(), "taking over orders that wait");
                    queued.into_iter().for_each(|order| self.resume(order, i64::MAX));
                    return upto;
                }
                Err(error) => tracing::warn!(%error, "cannot take over yet"),
            }
            sleep(RETRY).await;
        }
    }

    /// Goes on until it has worked, and then rests; nothing waits for it.
    async fn tidy_up(&self) {
        while let Err(error) = takeover::tidy_up(&self.shared.needs).await {
            tracing::debug!(%error, "cannot tidy up yet");
            sleep(RETRY).await;
        }
        std::future::pending::<()>().await;
    }

    async fn hand_on(&self, work: &mut mpsc::UnboundedReceiver<Work>) {
        while let Some(work) = work.recv().await {
            self.take(work);
        }
    }

    fn take(&self, work: Work) {
        match work {
            Work::Send(started) => {
                let sending = Drive::send(self.shared.clone(), *started);
                self.tasks.spawn(vital::or_end("drive", sending));
            }
            Work::Resume(order) => self.resume(order, i64::MAX),
        }
    }

    /// Returns where the journal ends at present.
    async fn journal_end(&self) -> Position {
        loop {
            match read_head(self.commands().journal().pool()).await {
                Ok(head) => return head,
                Err(error) => tracing::debug!(%error, "cannot look where the journal ends"),
            }
            sleep(RETRY).await;
        }
    }

    /// Once it has got to where the journal ended when the tenure began, everybody who is at a provider stands in line.
    async fn follow(&self, follower: &mut Follower, from: Position, end: Position) {
        if from >= end {
            self.claims().links().open();
        }
        loop {
            match follower.next().await {
                Ok(Some(page)) => {
                    let upto = page.upto;
                    // An order may be for a service that another process has just brought in.
                    self.commands().catalogue().reached(upto).await;
                    self.take_page(page).await;
                    if upto >= end {
                        self.claims().links().open();
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(%error, "dispatcher cannot read the journal");
                    sleep(RETRY).await;
                }
            }
        }
    }

    async fn take_page(&self, page: Page) {
        for event in page.events() {
            self.stand_in_line(&event).await;
            if let Ok(order) = event.aggregate_id.parse()
                && Filter::frees_an_order(event.event_type)
            {
                self.resume(order, event.sequence);
            }
        }
    }

    /// Gives the order a task, unless it has one that knows the event.
    fn resume(&self, order: OrderId, sequence: i64) {
        if let Some(guard) = self.claims().drive(order, sequence) {
            let resuming = Drive::resume(self.shared.clone(), order, guard);
            self.tasks.spawn(vital::or_end("drive", resuming));
        }
    }

    pub(super) fn commands(&self) -> &Commands {
        &self.shared.needs.commands
    }

    pub(super) fn claims(&self) -> &Claims {
        self.shared.needs.commands.claims()
    }

    /// Waits for the calls under way. What was claimed and not sent is released by its own task.
    async fn drain(&self, work: &mut mpsc::UnboundedReceiver<Work>) {
        let drained = async {
            self.take_until_no_ticket_is_out(work).await;
            self.tasks.close();
            self.tasks.wait().await;
        };
        if timeout(DRAIN_LIMIT, drained).await.is_err() {
            let left = self.tasks.len();
            tracing::warn!(left, "stopping with calls under way: they will be in doubt");
        }
    }

    /// A command that has claimed an attempt hands it over as soon as it is on record.
    async fn take_until_no_ticket_is_out(&self, work: &mut mpsc::UnboundedReceiver<Work>) {
        loop {
            tokio::select! {
                biased;
                Some(work) = work.recv() => self.take(work),
                () = self.claims().tickets_back() => return,
            }
        }
    }
}
