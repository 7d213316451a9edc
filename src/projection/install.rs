use sqlx::{Executor, PgConnection, PgPool};

use super::{Origin, ProjectionError, ReadModel, build::Build, role};
use crate::domain::Position;

/// Longest journal that a missing model folds in place while readers look on, as it does after every pause: some
/// batches. Over that it is built beside, and appears whole.
const SHORT_JOURNAL: i64 = 5_000;

/// How a model was found.
#[derive(Debug)]
pub(super) enum Installed {
    /// With the tables that its file makes, at this position.
    Whole(Position),
    /// Without them. Where an earlier text's tables are there, they are at this position.
    Begun {
        /// What has been begun of a copy; nothing while another process builds one.
        copy: Option<Build>,
        before: Option<Position>,
    },
}

/// What the database knows of a model.
#[derive(Debug, sqlx::FromRow)]
struct Known {
    position: i64,
    hash: String,
}

/// Finds the model's tables, makes them where the journal is short, and begins a copy else.
pub(super) async fn install(
    pool: &PgPool,
    model: &ReadModel,
) -> Result<Installed, ProjectionError> {
    let known = known(pool, model).await?;
    match known {
        Some(known) if known.hash == model.hash() => {
            return Ok(Installed::Whole(Position(known.position)));
        }
        None if model.origin() == Origin::BuiltIn && head(pool).await?.0 <= SHORT_JOURNAL => {
            return in_place(pool, model).await.map(Installed::Whole);
        }
        _ => {}
    }
    let before = known.map(|known| Position(known.position));
    Ok(Installed::Begun { copy: Build::begin(pool, model).await?, before })
}

/// Tells whether the model's tables are there as its file makes them.
pub(super) async fn is_whole(pool: &PgPool, model: &ReadModel) -> Result<bool, sqlx::Error> {
    Ok(known(pool, model).await?.is_some_and(|known| known.hash == model.hash()))
}

/// Where the journal ends.
pub(super) async fn head(pool: &PgPool) -> Result<Position, sqlx::Error> {
    let head = sqlx::query_scalar("select position from journal_head").fetch_one(pool).await?;
    Ok(Position(head))
}

async fn known(pool: &PgPool, model: &ReadModel) -> Result<Option<Known>, sqlx::Error> {
    sqlx::query_as("select position, hash from projection_checkpoints where schema_name = $1")
        .bind(model.schema())
        .fetch_optional(pool)
        .await
}

/// Creates the model's schema, empty. Processes that start at once wait for each other at the checkpoint's row.
async fn in_place(pool: &PgPool, model: &ReadModel) -> Result<Position, ProjectionError> {
    let mut tx = pool.begin().await?;
    let inserted = sqlx::query(
        "insert into projection_checkpoints (schema_name, name, hash)
         values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(model.schema())
    .bind(model.name())
    .bind(model.hash())
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        create(&mut tx, model, &model.schema()).await?;
    }
    let position =
        sqlx::query_scalar("select position from projection_checkpoints where schema_name = $1")
            .bind(model.schema())
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
    connection.execute(place.as_str()).await?;
    let limited = match model.origin() {
        Origin::BuiltIn => false,
        Origin::Added => role::take(connection, schema).await?,
    };
    let transaction = transaction(connection).await?;
    run(connection, model, model.sql()).await?;
    if self::transaction(connection).await? != transaction {
        let (model, file) = (model.name().to_owned(), model.file());
        return Err(ProjectionError::TransactionEnded { model, file });
    }
    run(connection, model, &tie(schema)).await?;
    if limited {
        role::lend(connection, schema).await?;
    }
    Ok(())
}

/// The statement after which the fold finds its own tables, whoever calls it.
pub(super) fn tie(schema: &str) -> String {
    format!("alter function {schema}.fold(bigint, bigint) set search_path to {schema}, public")
}

async fn run(
    connection: &mut PgConnection,
    model: &ReadModel,
    sql: &str,
) -> Result<(), ProjectionError> {
    let done = connection.execute(sql).await;
    done.map(drop).map_err(|source| ProjectionError::Refused {
        model: model.name().to_owned(),
        file: model.file(),
        source,
    })
}

async fn transaction(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("select pg_current_xact_id()::text").fetch_one(connection).await
}
