use sqlx::{PgConnection, PgPool};

use super::{ProjectionError, ReadModel};
use crate::domain::Position;

/// Creates the model's schema where it is missing, and returns how far the model has come.
///
/// Processes that start at once wait for each other at the checkpoint's row.
pub(super) async fn install(pool: &PgPool, model: &ReadModel) -> Result<Position, ProjectionError> {
    let mut tx = pool.begin().await?;
    let inserted = sqlx::query(
        "insert into projection_checkpoints (name, hash) values ($1, $2) on conflict do nothing",
    )
    .bind(model.name())
    .bind(model.hash())
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        create(&mut tx, model, &model.schema()).await?;
    }
    let position = sqlx::query_scalar(
        "select position from projection_checkpoints where name = $1 and hash = $2",
    )
    .bind(model.name())
    .bind(model.hash())
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Position(position))
}

/// Creates the model's tables in a schema of this name, in place of any before, and ties its fold to that schema. The
/// transaction's `search_path` stays on it.
pub(super) async fn create(
    connection: &mut PgConnection,
    model: &ReadModel,
    schema: &str,
) -> Result<(), ProjectionError> {
    let place = format!(
        "set local client_min_messages to warning;
         drop schema if exists {schema} cascade;
         create schema {schema};
         set local search_path to {schema}, public;"
    );
    sqlx::raw_sql(&place).execute(&mut *connection).await?;
    let tie =
        format!("alter function {schema}.fold(bigint, bigint) set search_path to {schema}, public");
    for text in [model.sql(), &tie] {
        sqlx::raw_sql(text).execute(&mut *connection).await.map_err(|source| {
            ProjectionError::Refused { model: model.name().to_owned(), source }
        })?;
    }
    Ok(())
}
