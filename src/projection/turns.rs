//! Turns at folding while nobody waits for the read models.
//!
//! # Cost
//! All turns are taken in one session. A fold keeps a processor busy for as long as it takes: one session stays on its
//! processor, where each of many would begin on another one, which appends were just using (`docs/SPEED.md`).

use std::sync::Arc;

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The turns of some models, one at a time. Cheap to clone; clones share the turns.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<Option<PoolConnection<Postgres>>>>);

/// A turn, and the session that it is taken in.
pub(super) struct Turn(OwnedMutexGuard<Option<PoolConnection<Postgres>>>);

impl Turns {
    /// Waits for the next turn; turns are given in the order in which they are asked for.
    pub(super) async fn take(&self) -> Turn {
        Turn(Arc::clone(&self.0).lock_owned().await)
    }

    /// Takes a turn if nobody has one.
    pub(super) fn try_take(&self) -> Option<Turn> {
        Arc::clone(&self.0).try_lock_owned().ok().map(Turn)
    }
}

impl Turn {
    /// Returns the session, taken out of a pool where there is none yet.
    pub(super) async fn session(
        &mut self,
        pool: &PgPool,
    ) -> Result<&mut PgConnection, sqlx::Error> {
        let session = match self.0.take() {
            Some(session) => session,
            None => pool.acquire().await?,
        };
        Ok(self.0.insert(session))
    }

    /// Ends the session: where a fold was interrupted a new one is better.
    pub(super) fn end_session(mut self) {
        if let Some(mut session) = self.0.take() {
            session.close_on_drop();
        }
    }
}
