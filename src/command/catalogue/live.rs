use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};

use super::Snapshot;
use crate::{
    domain::{Position, routing::Strategy},
    journal::{Filter, Follower, Journal, Page, read_head},
    vital,
};

/// Between two tries to read the journal while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// All providers and services, kept in step with the journal. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalogue {
    snapshot: Arc<RwLock<Snapshot>>,
    position: watch::Receiver<Position>,
    shifts: watch::Receiver<()>,
}

/// What tells others how far the catalogue is.
#[derive(Debug)]
struct Told {
    position: watch::Sender<Position>,
    shifts: watch::Sender<()>,
}

/// Events after which an order may go where it did not go before, or not where it did.
const SHIFTS: &[&str] = &[
    "BalanceRead",
    "ConnectionTestSucceeded",
    "ProviderActivated",
    "ProviderDeactivated",
    "ProviderDeleted",
    "ProviderHalfOpened",
    "ProviderResumed",
    "ProviderSuspended",
    "ServiceDelisted",
    "ServiceDisabled",
    "ServiceEnabled",
    "ServiceMapped",
    "ServiceRelisted",
    "ServiceResumed",
    "ServiceRetired",
    "ServiceSuspended",
    "ServiceUnmapped",
    "TrialReleased",
];

impl Catalogue {
    /// Folds the journal up to its present end, and goes on following it. Services without a strategy of their own have the
    /// default one.
    ///
    /// # Errors
    /// The database's words where the journal cannot be read.
    pub async fn start(journal: &Journal, default_strategy: Strategy) -> Result<Self, sqlx::Error> {
        let mut follower = journal.follow(Filter::Catalogue, Position(0));
        let (position, shifts) = (watch::Sender::new(Position(0)), watch::Sender::new(()));
        let catalogue = Self {
            snapshot: Arc::new(RwLock::new(Snapshot::new(default_strategy))),
            position: position.subscribe(),
            shifts: shifts.subscribe(),
        };
        let told = Told { position, shifts };
        let end = read_head(journal.pool()).await?;
        while *told.position.borrow() < end {
            let Some(page) = follower.next().await? else { break };
            catalogue.take(&page, &told);
        }
        let following = catalogue.clone().follow(follower, told);
        tokio::spawn(vital::or_end("catalogue", following));
        Ok(catalogue)
    }

    /// Looks at the present state. Keep it short: the journal's follower waits meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns once everything up to a position is folded in.
    pub async fn reached(&self, position: Position) {
        // The sender lives as long as this process follows its journal.
        let _ = self.position.clone().wait_for(|reached| *reached >= position).await;
    }

    /// Tells, from now on, when an order may go where it did not go before, or not where it did.
    pub fn shifts(&self) -> watch::Receiver<()> {
        let mut shifts = self.shifts.clone();
        shifts.mark_unchanged();
        shifts
    }

    async fn follow(self, mut follower: Follower, told: Told) {
        loop {
            match follower.next().await {
                Ok(Some(page)) => self.take(&page, &told),
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(%error, "catalogue cannot read the journal");
                    sleep(RETRY).await;
                }
            }
        }
    }

    fn take(&self, page: &Page, told: &Told) {
        let mut shifted = false;
        let mut snapshot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        for event in page.events() {
            let (position, event_type) = (event.position, event.event_type);
            shifted |= SHIFTS.contains(&event_type);
            if let Err(error) = snapshot.apply(&event) {
                tracing::error!(position, event_type, %error, "event left out of the catalogue");
            }
        }
        snapshot.position = page.upto;
        drop(snapshot);
        told.position.send_replace(page.upto);
        if shifted {
            told.shifts.send_replace(());
        }
    }
}
