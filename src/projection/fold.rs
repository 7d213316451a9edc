//! One batch of one model, in one transaction.

use sqlx::{PgConnection, PgPool};

use super::ReadModel;
use crate::domain::Position;

/// What came of an attempt to fold the next batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// The model is at this position now.
    Upto(Position),
    /// Another process is folding the model, which was at this position before.
    Elsewhere(Position),
}

/// Why a batch was not folded. Nothing of it stands then.
#[derive(Debug)]
pub(super) enum FoldError {
    /// The database could not be asked, or asked to be asked again.
    Interrupted(sqlx::Error),
    /// The fold itself fails on an event after the first position, up to the second.
    Broken { after: Position, upto: Position, source: sqlx::Error },
}

impl From<sqlx::Error> for FoldError {
    fn from(error: sqlx::Error) -> Self {
        Self::Interrupted(error)
    }
}

/// Folds at most so many positions that follow the checkpoint and do not pass the head, and moves the checkpoint.
pub(super) async fn fold_next(
    pool: &PgPool,
    model: &ReadModel,
    head: Position,
    batch: i64,
) -> Result<Folded, FoldError> {
    let mut tx = pool.begin().await?;
    let Some(after) = lock_checkpoint(&mut tx, model).await? else {
        return Ok(Folded::Elsewhere(checkpoint(&mut tx, model).await?));
    };
    let upto = head.min(Position(after.0 + batch));
    if upto <= after {
        return Ok(Folded::Upto(after));
    }
    let broken = |source| classified(source, after, upto);
    fold(&mut tx, &model.schema(), after, upto).await.map_err(broken)?;
    move_checkpoint(&mut tx, model, upto).await?;
    tx.commit().await.map_err(broken)?;
    Ok(Folded::Upto(upto))
}

/// Calls the fold of the model in this schema; the transaction's `search_path` stays on it.
pub(super) async fn fold(
    connection: &mut PgConnection,
    schema: &str,
    after: Position,
    upto: Position,
) -> Result<(), sqlx::Error> {
    // What a crash takes back is folded again, so nobody needs to wait for the disk.
    sqlx::query(
        "select set_config('search_path', $1, true), set_config('synchronous_commit', 'off', true)",
    )
    .bind(format!("{schema}, public"))
    .execute(&mut *connection)
    .await?;
    sqlx::query(&format!("select {schema}.fold($1, $2)"))
        .bind(after.0)
        .bind(upto.0)
        .execute(connection)
        .await?;
    Ok(())
}

async fn lock_checkpoint(
    connection: &mut PgConnection,
    model: &ReadModel,
) -> Result<Option<Position>, sqlx::Error> {
    let position = sqlx::query_scalar(
        "select position from projection_checkpoints where name = $1 and hash = $2 for update skip locked",
    )
    .bind(model.name())
    .bind(model.hash())
    .fetch_optional(connection)
    .await?;
    Ok(position.map(Position))
}

async fn checkpoint(
    connection: &mut PgConnection,
    model: &ReadModel,
) -> Result<Position, sqlx::Error> {
    sqlx::query_scalar("select position from projection_checkpoints where name = $1 and hash = $2")
        .bind(model.name())
        .bind(model.hash())
        .fetch_one(connection)
        .await
        .map(Position)
}

async fn move_checkpoint(
    connection: &mut PgConnection,
    model: &ReadModel,
    position: Position,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update public.projection_checkpoints set position = $3 where name = $1 and hash = $2",
    )
    .bind(model.name())
    .bind(model.hash())
    .bind(position.0)
    .execute(connection)
    .await?;
    Ok(())
}

fn classified(source: sqlx::Error, after: Position, upto: Position) -> FoldError {
    if is_passing(&source) {
        FoldError::Interrupted(source)
    } else {
        FoldError::Broken { after, upto, source }
    }
}

/// Tells whether the same batch may well succeed when it is tried again.
fn is_passing(error: &sqlx::Error) -> bool {
    // Connection, rollback by conflict, lack of resources, shutdown: see "PostgreSQL Error Codes".
    const CLASSES: [&str; 4] = ["08", "40", "53", "57P"];
    let sqlx::Error::Database(error) = error else { return true };
    error.code().is_none_or(|code| CLASSES.iter().any(|class| code.starts_with(class)))
}
