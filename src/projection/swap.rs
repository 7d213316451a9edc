//! The moment in which a copy takes the live tables' place.
//!
//! # Correctness
//! The place is a schema's name, and a swap renames schemas: no table is locked, so no reader waits and none is waited
//! for. A statement that has found its tables goes on with the old ones, which stay until it has ended; one that looks
//! them up later finds the new ones; PostgreSQL plans prepared statements anew when a schema's name changes. The lock on
//! the checkpoint's row keeps folders out meanwhile, and the copy is first brought to where that row stands.
//!
//! A transaction that reads by one snapshot throughout would find the new tables empty if its snapshot were older than
//! their rows. So the swap waits until every transaction that held a snapshot when the rows were there has ended.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Executor, PgConnection};
use tokio::time::sleep;

use super::{
    build::{Build, BuildStep, Told, copy_of, former_of},
    fold::FoldError,
    install::tie,
};
use crate::domain::Position;

/// Between two looks at whether readers have ended.
const GLANCE: Duration = Duration::from_millis(20);

impl Build {
    /// Puts the copy in the place of the live tables, or where none are yet; returns up to where it has folded.
    ///
    /// A copy that an event keeps from going on takes a place where none are, so that it stops there in the open.
    pub(super) async fn swap(mut self, told: Told<'_>) -> Result<Position, FoldError> {
        readers_ended(&mut self.session, told).await?;
        let head = sqlx::query_scalar("select position from journal_head");
        let head = Position(head.fetch_one(&mut self.session).await?);
        match self.fold_upto(head, told).await {
            Ok(()) | Err(FoldError::Broken { .. }) => {}
            Err(error) => return Err(error),
        }
        self.take_place().await?;
        // Whoever found the former tables may go on with them.
        readers_ended(&mut self.session, &mut |_| {}).await?;
        let position = self.position;
        self.leave().await?;
        Ok(position)
    }

    /// The transaction that is the swap.
    async fn take_place(&mut self) -> Result<(), FoldError> {
        self.command("begin").await?;
        let live = self.live_position().await?;
        if let Some(live) = live.filter(|live| *live > self.position)
            && let Err(error) = self.fold_once(live).await
        {
            self.command("rollback").await?;
            return Err(error);
        }
        self.command(&self.renames(live)).await?;
        sqlx::query(
            "insert into projection_checkpoints (schema_name, name, hash, position)
             values ($1, $2, $3, $4)
             on conflict (schema_name) do update
             set hash = excluded.hash, position = excluded.position",
        )
        .bind(self.model.schema())
        .bind(self.model.name())
        .bind(self.model.hash())
        .bind(self.position.0)
        .execute(&mut self.session)
        .await?;
        self.command("commit").await?;
        Ok(())
    }

    /// Where the live tables are, and that they stay there until the transaction ends.
    async fn live_position(&mut self) -> Result<Option<Position>, sqlx::Error> {
        let live: Option<i64> = sqlx::query_scalar(
            "select position from projection_checkpoints where schema_name = $1 for update",
        )
        .bind(self.model.schema())
        .fetch_optional(&mut self.session)
        .await?;
        Ok(live.map(Position))
    }

    fn renames(&self, live: Option<Position>) -> String {
        let schema = self.model.schema();
        let former = match live {
            Some(_) => format!("alter schema {schema} rename to {};", former_of(&schema)),
            None => String::new(),
        };
        format!("{former} alter schema {} rename to {schema}; {}", copy_of(&schema), tie(&schema))
    }

    /// Gives the copy a name of its own, in place of any schema of that name, and lets it be.
    pub(super) async fn settle_as(mut self, schema: &str) -> Result<(), sqlx::Error> {
        let settle = format!(
            "begin;
             set local client_min_messages to warning;
             drop schema if exists {schema} cascade;
             alter schema {} rename to {schema};
             {};
             commit;",
            self.schema(),
            tie(schema)
        );
        self.command(&settle).await?;
        self.leave().await
    }

    pub(super) async fn command(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.session.execute(sql).await.map(drop)
    }
}

/// Waits until the transactions that hold a snapshot now have ended.
async fn readers_ended(session: &mut PgConnection, told: Told<'_>) -> Result<(), sqlx::Error> {
    let readers: Vec<(i32, DateTime<Utc>)> = sqlx::query_as(
        "select pid, xact_start
         from pg_stat_activity
         where datname = current_database()
             and pid <> pg_backend_pid()
             and backend_type = 'client backend'
             and backend_xmin is not null
             and xact_start is not null",
    )
    .fetch_all(&mut *session)
    .await?;
    let (pids, starts): (Vec<i32>, Vec<DateTime<Utc>>) = readers.into_iter().unzip();
    loop {
        let left: i64 = sqlx::query_scalar(
            "select count(*)
             from unnest($1::int[], $2::timestamptz[]) as reader (pid, xact_start)
             join pg_stat_activity using (pid, xact_start)",
        )
        .bind(&pids)
        .bind(&starts)
        .fetch_one(&mut *session)
        .await?;
        if left == 0 {
            return Ok(());
        }
        told(BuildStep::WaitingForReaders(left));
        sleep(GLANCE).await;
    }
}
