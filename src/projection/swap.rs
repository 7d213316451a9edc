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
    ProjectionError,
    build::{Build, BuildStep, Told, copy_of, former_of},
    fold::FoldError,
    install::tie,
};
use crate::domain::Position;

/// Between two looks at whether readers have ended.
const GLANCE: Duration = Duration::from_millis(20);

/// Comment on the schema of a copy that was left for inspection, by which the next one of its name may replace it.
const OF_THE_PAST: &str = "a read model of the past, made by signalbox replay --to";

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
        self.carry_rights().await?;
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

    /// Grants on the copy what others than the owner may do with the live schema, its tables and its views.
    async fn carry_rights(&mut self) -> Result<(), sqlx::Error> {
        let grants: Vec<String> = sqlx::query_scalar(
            "select format('grant %s on %s to %s', privilege_type, thing,
                 case when grantee = 0 then 'public' else grantee::regrole::text end)
             from (
                 select format('schema %I', $2) as thing, nspowner as owner, nspacl as acl
                 from pg_namespace
                 where nspname = $1
                 union all
                 select format('table %I.%I', $2, relname), relowner, relacl
                 from pg_class
                 where relnamespace = to_regnamespace($1)
                     and relkind in ('r', 'p', 'v', 'm')
                     and to_regclass(format('%I.%I', $2, relname)) is not null
             ) as things
             cross join aclexplode(acl)
             where grantee <> owner",
        )
        .bind(self.model.schema())
        .bind(self.schema())
        .fetch_all(&mut self.session)
        .await?;
        self.command(&grants.join(";")).await
    }

    fn renames(&self, live: Option<Position>) -> String {
        let schema = self.model.schema();
        let former = match live {
            Some(_) => format!("alter schema {schema} rename to {};", former_of(&schema)),
            None => String::new(),
        };
        format!("{former} alter schema {} rename to {schema}; {}", copy_of(&schema), tie(&schema))
    }

    /// Gives the copy a name of its own, in place of an earlier one's, and lets it be.
    pub(super) async fn settle_as(mut self, schema: &str) -> Result<(), sqlx::Error> {
        let settle = format!(
            "begin;
             set local client_min_messages to warning;
             drop schema if exists {schema} cascade;
             alter schema {} rename to {schema};
             comment on schema {schema} is '{OF_THE_PAST}';
             {};
             commit;",
            self.schema(),
            tie(schema)
        );
        self.command(&settle).await?;
        self.leave().await
    }

    /// Refuses the name of a schema that no copy was settled as.
    pub(super) async fn refuse_settling(&mut self, schema: &str) -> Result<(), ProjectionError> {
        let taken: bool = sqlx::query_scalar(
            "select to_regnamespace($1) is not null
                 and obj_description(to_regnamespace($1)::oid, 'pg_namespace') is distinct from $2",
        )
        .bind(schema)
        .bind(OF_THE_PAST)
        .fetch_one(&mut self.session)
        .await?;
        let (schema, file) = (schema.to_owned(), self.model.file());
        if taken { Err(ProjectionError::SchemaTaken { schema, file }) } else { Ok(()) }
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
