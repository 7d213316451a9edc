//! One batch of one model, in one transaction and one round trip.

use sqlx::PgConnection;

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

/// What a fold may take for sorting: the payloads of a whole batch.
const ROOM: &str = "32MB";

/// Folds at most so many positions that follow the checkpoint and do not pass the head, and moves the checkpoint.
pub(super) async fn fold_next(
    connection: &mut PgConnection,
    model: &ReadModel,
    head: Position,
    batch: i64,
) -> Result<Folded, FoldError> {
    match fold_elected(connection, model, head, batch).await {
        Ok(Some(position)) => Ok(Folded::Upto(position)),
        Ok(None) => {
            let position = checkpoint(connection, model).await?;
            if position < head {
                Ok(Folded::Elsewhere(position))
            } else {
                Ok(Folded::Upto(position))
            }
        }
        Err(error) if is_passing(&error) => Err(FoldError::Interrupted(error)),
        Err(source) => {
            let after = checkpoint(connection, model).await?;
            Err(FoldError::Broken { after, upto: end_of_batch(after, head, batch), source })
        }
    }
}

/// Returns where the model is now; nothing where another session holds the checkpoint, or nothing is left to fold.
async fn fold_elected(
    connection: &mut PgConnection,
    model: &ReadModel,
    head: Position,
    batch: i64,
) -> Result<Option<Position>, sqlx::Error> {
    // What a crash takes back is folded again, so nobody needs to wait for the disk.
    let statement = format!(
        "with elected as materialized (
             select
                 position,
                 set_config('synchronous_commit', 'off', true),
                 set_config('work_mem', '{ROOM}', true)
             from projection_checkpoints
             where schema_name = $1
             for update skip locked
         ),
         batch as (
             select position as after, least($2, position + $3) as upto
             from elected
         ),
         folded as materialized (
             select upto, case when $4 is null or exists (
                 select
                 from unnest($4::text[]) as folded (type)
                 cross join lateral (
                     select
                     from events
                     where event_type = folded.type
                         and position > after
                         and position <= upto
                     limit 1
                 ) as met
             ) then {schema}.fold(after, upto) end
             from batch
             where upto > after
         )
         update projection_checkpoints
         set position = upto
         from folded
         where schema_name = $1
         returning position",
        schema = model.schema()
    );
    let position = sqlx::query_scalar(&statement)
        .bind(model.schema())
        .bind(head.0)
        .bind(batch)
        .bind(model.folds_only())
        .fetch_optional(connection)
        .await?;
    Ok(position.map(Position))
}

async fn checkpoint(
    connection: &mut PgConnection,
    model: &ReadModel,
) -> Result<Position, sqlx::Error> {
    sqlx::query_scalar("select position from projection_checkpoints where schema_name = $1")
        .bind(model.schema())
        .fetch_one(connection)
        .await
        .map(Position)
}

fn end_of_batch(after: Position, head: Position, batch: i64) -> Position {
    head.min(Position(after.0 + batch))
}

/// Tells whether the same batch may well succeed when it is tried again.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    // Connection, read-only, rollback by conflict, lack of resources, shutdown: see "PostgreSQL Error Codes".
    const CLASSES: [&str; 5] = ["08", "25006", "40", "53", "57P"];
    let sqlx::Error::Database(error) = error else { return true };
    error.code().is_none_or(|code| CLASSES.iter().any(|class| code.starts_with(class)))
}
