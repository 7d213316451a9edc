use sqlx::PgPool;

use super::{ProjectionError, ReadModel, install::create};
use crate::domain::Position;

/// Folds a model from zero to the journal's end, so many positions at a time, into a schema of its own name.
///
/// Neither the model's running schema nor its checkpoint are touched. For tests and measurements: the tables must not
/// depend on the size of the batches.
///
/// # Errors
/// [`ProjectionError`] in the database's words. The schema is then left as far as it came.
pub async fn rebuild(
    pool: &PgPool,
    model: &ReadModel,
    schema: &str,
    batch: i64,
) -> Result<Position, ProjectionError> {
    let mut tx = pool.begin().await?;
    create(&mut tx, model, schema).await?;
    tx.commit().await?;
    let head: i64 = sqlx::query_scalar("select position from journal_head").fetch_one(pool).await?;
    let fold = format!("select {schema}.fold($1, $2)");
    let mut after = 0;
    while after < head {
        let upto = head.min(after + batch.max(1));
        sqlx::query(&fold).bind(after).bind(upto).execute(pool).await?;
        after = upto;
    }
    Ok(Position(head))
}
