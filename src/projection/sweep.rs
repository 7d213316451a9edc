//! What builders leave when they die, and its removal.
//!
//! Whoever builds beside a schema first notes its name and holds an advisory lock on it, which ends with the session.
//! A name that is noted and not locked is a dead builder's.

use sqlx::{Connection, Executor, PgConnection, PgPool};

use super::build::{copy_of, former_of};

/// First half of the locks' names; "sgbx" in ASCII.
const LOCKS: i32 = 0x7367_6278;

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
pub(super) async fn clear(session: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let (copy, former) = (copy_of(schema), former_of(schema));
    let mut tx = session.begin().await?;
    let noted = sqlx::query("delete from projection_rebuilds where schema_name = $1")
        .bind(schema)
        .execute(&mut *tx)
        .await?;
    if noted.rows_affected() > 0 {
        let drop = format!(
            "set local client_min_messages to warning;
             drop schema if exists {copy}, {former} cascade;"
        );
        tx.execute(drop.as_str()).await?;
    }
    tx.commit().await
}

/// Drops what dead builders left; returns beside which schemas.
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
            clear(&mut session, &schema).await?;
            unlock(session, &schema).await?;
            swept.push(schema);
        }
    }
    Ok(swept)
}
