//! A copy of a read model, built beside the live one.

use sqlx::{Connection, Executor, PgConnection, PgPool};

use super::{
    ProjectionError, ReadModel,
    fold::{FoldError, is_passing},
    install::create,
    sweep::{self, Cleared},
};
use crate::domain::Position;

/// Most positions in one transaction: a fraction of a second, so that progress is seen and little is done again.
const MAX_BATCH: i64 = 50_000;

/// What a session that folds large batches needs: room for sorting, no wait for the disk, no compiling of plans that
/// run for a moment.
pub(super) const SESSION: &str = "
    set synchronous_commit to off;
    set work_mem to '64MB';
    set maintenance_work_mem to '256MB';
    set jit to off;";

/// What a copy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildStep {
    /// Everything up to here has been folded.
    Folded(Position),
    /// The indexes are being made.
    Indexing,
    /// So many transactions still see the tables as they were before.
    WaitingForReaders(i64),
    /// The copy is being compared with the live tables.
    Comparing,
}

/// Hears of each step.
pub(super) type Told<'a> = &'a mut (dyn FnMut(BuildStep) + Send);

/// A copy in hand. Its session holds a lock: dropped, the copy is left to the next sweep.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) session: PgConnection,
    pub(super) model: ReadModel,
    pub(super) position: Position,
    /// For further sessions.
    pub(super) pool: PgPool,
    /// Statements that make the indexes which the copy does without while it is filled.
    pub(super) indexes: Vec<String>,
    batch: i64,
}

impl Build {
    /// Makes the copy's tables, empty; nothing where another process builds the same, or a transaction is open that has
    /// read the tables which the last copy replaced.
    ///
    /// # Errors
    /// [`ProjectionError`], where the database refuses the file, or has a schema of its name that is not ours. Nothing is
    /// left behind then.
    pub(super) async fn begin(
        pool: &PgPool,
        model: &ReadModel,
    ) -> Result<Option<Self>, ProjectionError> {
        let mut session = pool.acquire().await?.detach();
        if !sweep::try_lock(&mut session, &model.schema()).await? {
            return Ok(None);
        }
        session.execute(SESSION).await?;
        if sweep::clear(&mut session, &model.schema()).await? == Cleared::StillRead {
            sweep::unlock(session, &model.schema()).await?;
            return Ok(None);
        }
        refuse_taken(&mut session, model).await?;
        match lay_out(&mut session, model).await {
            Ok(indexes) => {
                let (model, position, pool) = (model.clone(), Position::default(), pool.clone());
                Ok(Some(Self { session, model, position, pool, indexes, batch: MAX_BATCH }))
            }
            Err(error) => {
                // A file that ends the transaction leaves its schema standing.
                sweep::clear(&mut session, &model.schema()).await?;
                sweep::unlock(session, &model.schema()).await?;
                Err(error)
            }
        }
    }

    /// Name of the copy's schema.
    pub(super) fn schema(&self) -> String {
        copy_of(&self.model.schema())
    }

    /// Folds everything up to a position.
    ///
    /// # Errors
    /// [`FoldError::Broken`] where one event cannot be folded: all before it are. After [`FoldError::Interrupted`] the
    /// copy is lost.
    pub(super) async fn fold_upto(
        &mut self,
        upto: Position,
        told: Told<'_>,
    ) -> Result<(), FoldError> {
        while self.position < upto {
            let next = upto.min(Position(self.position.0 + self.batch));
            match self.fold_once(next).await {
                Ok(()) => {
                    self.batch = (self.batch * 2).min(MAX_BATCH);
                    told(BuildStep::Folded(next));
                }
                Err(FoldError::Broken { after, upto, .. }) if upto.0 - after.0 > 1 => {
                    self.batch = (upto.0 - after.0) / 2;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Folds one batch, however large.
    pub(super) async fn fold_once(&mut self, upto: Position) -> Result<(), FoldError> {
        let after = self.position;
        let fold = format!("select {}.fold($1, $2)", self.schema());
        let folded = sqlx::query(&fold).bind(after.0).bind(upto.0).execute(&mut self.session).await;
        match folded {
            Ok(_) => {
                self.position = upto;
                Ok(())
            }
            Err(error) if is_passing(&error) => Err(FoldError::Interrupted(error)),
            Err(source) => Err(FoldError::Broken { after, upto, source }),
        }
    }

    /// Makes the indexes, and lets the planner look at the tables.
    pub(super) async fn index(&mut self, told: Told<'_>) -> Result<(), sqlx::Error> {
        told(BuildStep::Indexing);
        let schema = self.schema();
        let mut statements = std::mem::take(&mut self.indexes);
        for table in tables(&mut self.session, &schema).await? {
            statements.push(format!("analyze {schema}.{table}"));
        }
        let mut tx = self.session.begin().await?;
        tx.execute("set local statement_timeout to 0").await?;
        for statement in statements {
            tx.execute(statement.as_str()).await?;
        }
        tx.commit().await
    }

    /// Drops the copy.
    pub(super) async fn discard(mut self) -> Result<(), sqlx::Error> {
        // Ends the transaction of a comparison that failed; outside of one the database only remarks on it.
        self.command("set client_min_messages to error; rollback").await?;
        self.leave().await
    }

    /// Drops what is left of the copy and of the tables that it replaced, and lets others build.
    pub(super) async fn leave(mut self) -> Result<(), sqlx::Error> {
        let schema = self.model.schema();
        sweep::clear(&mut self.session, &schema).await?;
        sweep::unlock(self.session, &schema).await
    }
}

/// Name of the schema of a copy.
pub(super) fn copy_of(schema: &str) -> String {
    format!("{schema}_copy")
}

/// Name of the schema of tables that a copy has taken the place of.
pub(super) fn former_of(schema: &str) -> String {
    format!("{schema}_former")
}

/// The tables of a schema, quoted where they need it, in the order of their names.
pub(super) async fn tables(
    session: &mut PgConnection,
    schema: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select quote_ident(tablename)
         from pg_tables
         where schemaname = $1
         order by tablename",
    )
    .bind(schema)
    .fetch_all(session)
    .await
}

/// Refuses to touch a schema that this model has not made. What it had left beside has been cleared.
async fn refuse_taken(
    session: &mut PgConnection,
    model: &ReadModel,
) -> Result<(), ProjectionError> {
    let schema = model.schema();
    let taken: Option<String> = sqlx::query_scalar(
        "select nspname::text
         from pg_namespace
         where nspname = any($3)
             or nspname = $1
             and not exists (select from projection_checkpoints where schema_name = $1 and name = $2)
         limit 1",
    )
    .bind(&schema)
    .bind(model.name())
    .bind([copy_of(&schema), former_of(&schema)])
    .fetch_optional(session)
    .await?;
    match taken {
        Some(schema) => Err(ProjectionError::SchemaTaken { schema, file: model.file() }),
        None => Ok(()),
    }
}

/// Makes the copy's tables in place of what a dead process left, without the indexes that no key needs: those are
/// made faster over all rows at once. Returns the statements that make them.
pub(super) async fn lay_out(
    session: &mut PgConnection,
    model: &ReadModel,
) -> Result<Vec<String>, ProjectionError> {
    let copy = copy_of(&model.schema());
    let mut tx = session.begin().await?;
    sweep::note(&mut tx, &model.schema()).await?;
    create(&mut tx, model, &copy).await?;
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
         from pg_index
         join pg_class on pg_class.oid = indexrelid
         where relnamespace = to_regnamespace($1)
             and not indisunique
             and not indisexclusion",
    )
    .bind(&copy)
    .fetch_all(&mut *tx)
    .await?;
    for (name, _) in &indexes {
        tx.execute(format!("drop index {name}").as_str()).await?;
    }
    tx.commit().await?;
    Ok(indexes.into_iter().map(|(_, statement)| statement).collect())
}
