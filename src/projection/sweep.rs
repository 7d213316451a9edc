//! What builders leave when they die, and its removal.
//!
//! Whoever builds beside a schema first notes its name and holds an advisory lock on it, which ends with the session.
//! A name that is noted and not locked is a dead builder's.

use sqlx::{Connection, Executor, PgConnection, PgPool};

use super::build::{copy_of, former_of};

/// First half of the locks' names; "sgbx" in ASCII.
const LOCKS: i32 = 0x7367_6278;

/// How long a drop waits for transactions that have read the tables. One that somebody leaves open holds up nobody then.
const PATIENCE: &str = "1s";

/// PostgreSQL's code for a lock that was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What became of what was to be dropped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cleared {
    Gone,
    /// A transaction that has read it is still open. It is left to the next sweep.
    StillRead,
}

/// Takes the lock of whoever builds beside a schema; tells whether it was free.
pub(super) async fn try_lock(
    session: &mut PgConnection,
    schema: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
        .bind(LOCKS)
        .bind(schema)
        .fetch_one(session)
        .await
}

/// Gives the lock back, at once: closing the session alone lets the next one wait for the server to notice.
pub(super) async fn unlock(mut session: PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_unlock($1, hashtext($2))")
        .bind(LOCKS)
        .bind(schema)
        .execute(&mut session)
        .await?;
    session.close().await
}

/// Notes that something is built beside a schema.
pub(super) async fn note(session: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    sqlx::query("insert into projection_rebuilds (schema_name) values ($1) on conflict do nothing")
        .bind(schema)
        .execute(session)
        .await
        .map(drop)
}

/// Drops what was built beside a schema or has been replaced, and forgets the note. Without a note nothing is dropped:
/// schemas of such names are somebody else's then. The lock must be held.
pub(super) async fn clear(
    session: &mut PgConnection,
    schema: &str,
) -> Result<Cleared, sqlx::Error> {
    match drop_noted(session, schema).await {
        Ok(()) => Ok(Cleared::Gone),
        Err(error) if is_held(&error) => Ok(Cleared::StillRead),
        Err(error) => Err(error),
    }
}

async fn drop_noted(session: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let (copy, former) = (copy_of(schema), former_of(schema));
    let mut tx = session.begin().await?;
    let noted = sqlx::query("delete from projection_rebuilds where schema_name = $1")
        .bind(schema)
        .execute(&mut *tx)
        .await?;
    if noted.rows_affected() > 0 {
        let drop = format!(
            "set local client_min_messages to warning;
             set local lock_timeout to '{PATIENCE}';
             drop schema if exists {copy}, {former} cascade;"
        );
        tx.execute(drop.as_str()).await?;
    }
    tx.commit().await
}

/// Drops what dead builders left, unless it is still being read; returns beside which schemas.
///
/// # Errors
/// The database's words.
pub async fn sweep(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    let noted: Vec<String> =
        sqlx::query_scalar("select schema_name from projection_rebuilds order by schema_name")
            .fetch_all(pool)
            .await?;
    let mut swept = vec![];
    for schema in noted {
        let mut session = pool.acquire().await?.detach();
        if try_lock(&mut session, &schema).await? {
            let cleared = clear(&mut session, &schema).await?;
            unlock(session, &schema).await?;
            swept.extend((cleared == Cleared::Gone).then_some(schema));
        }
    }
    Ok(swept)
}

fn is_held(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}
