//! Exactly one process dispatches: the one whose session holds a lock in the database.

use std::time::Duration;

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

/// Names the lock among the database's advisory locks; "signalbx" in ASCII.
const LOCK: i64 = 0x7369_676e_616c_6278;
/// Between two tries to take the lock, and between two looks at whether it is still held.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the database may take to answer before the lock counts as lost.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The lock in hand; gone with its session.
pub(super) struct Tenure {
    session: PgConnection,
}

impl Tenure {
    /// Tries until the lock is free.
    pub(super) async fn take(options: &PgConnectOptions, waiting: impl Fn()) -> Self {
        loop {
            match timeout(ANSWER_LIMIT, Self::try_take(options)).await {
                Ok(Ok(Some(tenure))) => return tenure,
                Ok(Ok(None)) => waiting(),
                Err(_) => tracing::debug!("no answer to the question for the dispatcher's lock"),
                Ok(Err(error)) => tracing::debug!(%error, "cannot ask for the dispatcher's lock"),
            }
            sleep(PAUSE).await;
        }
    }

    async fn try_take(options: &PgConnectOptions) -> Result<Option<Self>, sqlx::Error> {
        let options = options.clone().application_name("signalbox dispatcher");
        let mut session = PgConnection::connect_with(&options).await?;
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut session)
            .await?;
        Ok(taken.then_some(Self { session }))
    }

    /// Returns when the lock is lost.
    pub(super) async fn lost(&mut self) {
        loop {
            sleep(PAUSE).await;
            let answer = timeout(ANSWER_LIMIT, self.session.ping()).await;
            if !matches!(answer, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// Gives the lock back, so that another process can take over at once.
    pub(super) async fn give_back(self) {
        // A session that fails to close is closed by the database.
        let _ = timeout(ANSWER_LIMIT, self.session.close()).await;
    }
}
