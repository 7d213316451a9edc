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
}

impl Catalogue {
    /// Folds the journal up to its present end, and goes on following it. Services without a strategy of their own have the
    /// default one.
    ///
    /// # Errors
    /// The database's words where the journal cannot be read.
    pub async fn start(journal: &Journal, default_strategy: Strategy) -> Result<Self, sqlx::Error> {
        let filter = Filter::Catalogue;
        let mut follower =
            Follower::new(journal.pool().clone(), journal.head(), filter, Position(0));
        let (moved, position) = watch::channel(Position(0));
        let snapshot = Arc::new(RwLock::new(Snapshot::new(default_strategy)));
        let catalogue = Self { snapshot, position };
        let end = read_head(journal.pool()).await?;
        while *moved.borrow() < end {
            let Some(page) = follower.next().await? else { break };
            catalogue.take(page, &moved);
        }
        let following = catalogue.clone().follow(follower, moved);
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

    async fn follow(self, mut follower: Follower, moved: watch::Sender<Position>) {
        loop {
            match follower.next().await {
                Ok(Some(page)) => self.take(page, &moved),
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(%error, "catalogue cannot read the journal");
                    sleep(RETRY).await;
                }
            }
        }
    }

    fn take(&self, page: Page, moved: &watch::Sender<Position>) {
        let mut snapshot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        for event in page.events {
            let (position, event_type) = (event.position, event.event_type.clone());
            if let Err(error) = snapshot.apply(event) {
                tracing::error!(position, event_type, %error, "event left out of the catalogue");
            }
        }
        snapshot.position = page.upto;
        drop(snapshot);
        moved.send_replace(page.upto);
    }
}
