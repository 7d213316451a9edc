use std::time::Duration;

use chrono::{TimeDelta, Utc};
use sqlx::PgPool;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::CallPace;
use crate::{metrics, provider_api::CallRecord};

/// Most calls that one statement writes.
const BATCH: usize = 1_000;
/// Rows that one statement of a sweep deletes.
const SWEPT_AT_ONCE: i64 = 5_000;
/// Between two tries to write while the database does not take it.
const RETRY: Duration = Duration::from_secs(2);

/// What the log is composed of.
#[derive(Debug)]
pub struct CallLogNeeds {
    /// Connections that find the table.
    pub pool: PgPool,
    /// The calls.
    pub calls: mpsc::Receiver<CallRecord>,
    /// How they are kept.
    pub pace: CallPace,
    /// Cancelled once no call is made any more.
    pub stop: CancellationToken,
}

/// Writes calls into a table, for troubleshooting.
#[derive(Debug)]
pub struct CallLog {
    needs: CallLogNeeds,
    batch: Vec<CallRecord>,
    swept_at: Option<Instant>,
}

impl CallLog {
    /// Composes the log; [`run`](Self::run) is its life.
    pub fn new(needs: CallLogNeeds) -> Self {
        Self { needs, batch: vec![], swept_at: None }
    }

    /// Writes until no call is made any more; then what is left.
    pub async fn run(mut self) {
        let stop = self.needs.stop.clone();
        while stop.run_until_cancelled(self.go_on()).await.is_some() {}
        while self.fill() {
            if let Err(error) = self.write().await {
                tracing::debug!(%error, "stopping without the last provider calls in the log");
                return;
            }
        }
    }

    /// Dropping the future loses nothing: a batch is emptied once it is written.
    async fn go_on(&mut self) {
        sleep(self.needs.pace.write).await;
        while self.fill() {
            if let Err(error) = self.write().await {
                tracing::debug!(%error, "the log of provider calls cannot be written at present");
                sleep(RETRY).await;
            }
        }
        self.sweep_when_due().await;
    }

    /// Takes what waits, up to a batch; tells whether there is something to write.
    fn fill(&mut self) -> bool {
        while self.batch.len() < BATCH
            && let Ok(call) = self.needs.calls.try_recv()
        {
            self.batch.push(call);
        }
        !self.batch.is_empty()
    }

    async fn write(&mut self) -> Result<(), sqlx::Error> {
        let calls = &self.batch;
        let failure = |call: &CallRecord| call.failure.as_ref().map(|failed| failed.kind.word());
        let reason = |call: &CallRecord| call.failure.as_ref().map(|failed| failed.reason.clone());
        let mut tx = self.needs.pool.begin().await?;
        // A crash of the database may take the last moments of a log.
        sqlx::query("set local synchronous_commit to off").execute(&mut *tx).await?;
        let written = sqlx::query(
            "insert into provider_call_log (
                 provider_id, action, outcome, http_status, duration_ms, reason, started_at
             )
             select provider_id, action, coalesce(failure, 'ANSWERED'), http_status, duration_ms, reason, started_at
             from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::timestamptz[])
                 as call (provider_id, action, failure, http_status, duration_ms, reason, started_at)",
        )
        .bind(calls.iter().map(|call| call.provider_id.0).collect::<Vec<_>>())
        .bind(calls.iter().map(|call| call.action).collect::<Vec<_>>())
        .bind(calls.iter().map(failure).collect::<Vec<_>>())
        .bind(calls.iter().map(|call| call.http_status.map(i32::from)).collect::<Vec<_>>())
        .bind(calls.iter().map(|call| call.duration_ms).collect::<Vec<_>>())
        .bind(calls.iter().map(reason).collect::<Vec<_>>())
        .bind(calls.iter().map(|call| call.started_at).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await;
        match written {
            Ok(_) => tx.commit().await?,
            Err(error) if is_about_values(&error) => {
                // It would be refused for ever, and hold up what comes after it.
                tracing::warn!(%error, "the database refuses a part of the log of provider calls");
                metrics::call_not_logged(self.batch.len() as u64);
            }
            Err(error) => return Err(error),
        }
        self.batch.clear();
        Ok(())
    }

    async fn sweep_when_due(&mut self) {
        let pace = self.needs.pace;
        if self.swept_at.is_some_and(|at| at.elapsed() < pace.sweep) {
            return;
        }
        match self.sweep().await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "old provider calls left the log"),
            Err(error) => tracing::debug!(%error, "the log of provider calls cannot be swept"),
        }
        self.swept_at = Some(Instant::now());
    }

    /// Removes what was kept for long enough, a part at a time, so that nobody waits for it.
    async fn sweep(&self) -> Result<u64, sqlx::Error> {
        let keep = TimeDelta::from_std(self.needs.pace.keep).unwrap_or(TimeDelta::MAX);
        let Some(oldest) = Utc::now().checked_sub_signed(keep) else { return Ok(0) };
        let mut swept = 0;
        loop {
            let part = sqlx::query(
                "delete from provider_call_log
                 where call_id in (
                     select call_id
                     from provider_call_log
                     where started_at < $1
                     order by started_at
                     limit $2
                 )",
            )
            .bind(oldest)
            .bind(SWEPT_AT_ONCE)
            .execute(&self.needs.pool)
            .await?
            .rows_affected();
            swept += part;
            if i64::try_from(part).is_ok_and(|part| part < SWEPT_AT_ONCE) {
                return Ok(swept);
            }
        }
    }
}

/// Tells whether the database found fault with the values themselves: PostgreSQL's classes 22 and 23.
fn is_about_values(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}
