//! Rebuilding a model at an operator's word.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{
    BuildStep, ProjectionError, ReadModel, Verdict,
    build::{Build, Told, tables},
    fold::FoldError,
    install::head,
};
use crate::domain::Position;

/// A read model being rebuilt from the journal, beside its live tables, which other processes may go on folding.
///
/// Each method ends it. Dropped, or killed, it leaves the live tables as they were, and what it has built to the
/// next [`sweep`](super::sweep()).
#[derive(Debug)]
pub struct Replay {
    pool: PgPool,
    build: Build,
}

/// A copy that was left for inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Everything up to here is in it.
    pub position: Position,
    /// The schema that holds it.
    pub schema: String,
    /// Its tables.
    pub tables: Vec<String>,
}

impl Replay {
    /// Makes the tables that are to be filled.
    ///
    /// # Errors
    /// [`ProjectionError::UnderWay`] while anybody rebuilds the same, or reads the tables before the last swap;
    /// [`ProjectionError::Refused`] where the database does not take the file.
    pub async fn begin(pool: &PgPool, model: &ReadModel) -> Result<Self, ProjectionError> {
        let build = Build::begin(pool, model).await?;
        let build = build.ok_or_else(|| ProjectionError::UnderWay(model.name().to_owned()))?;
        Ok(Self { pool: pool.clone(), build })
    }

    /// Folds the whole journal and swaps the result in; returns up to where it has folded.
    ///
    /// Readers see the old tables until one moment, and the new ones from then on, also through prepared statements. The
    /// swap waits for transactions that hold a snapshot from before.
    ///
    /// # Errors
    /// [`ProjectionError::Broken`] where the fold fails; the live tables stay then.
    pub async fn swap(
        mut self,
        mut told: impl FnMut(BuildStep) + Send,
    ) -> Result<Position, ProjectionError> {
        let upto = head(&self.pool).await?;
        if let Err(error) = self.fill(upto, &mut told).await {
            return self.give_up(error).await;
        }
        let model = self.build.model.clone();
        self.build.swap(&mut told).await.map_err(|error| error.of(&model))
    }

    /// Folds the journal up to a position into a schema `<name>_at_<position>`, and leaves that to the operator.
    ///
    /// # Errors
    /// [`ProjectionError::BeyondEnd`] where the journal is shorter; [`ProjectionError::SchemaTaken`] where the schema is
    /// there and no inspection has made it.
    pub async fn inspect(
        mut self,
        upto: Position,
        mut told: impl FnMut(BuildStep) + Send,
    ) -> Result<Inspection, ProjectionError> {
        let end = head(&self.pool).await?;
        if upto > end {
            return self.give_up(ProjectionError::BeyondEnd { asked: upto, end }).await;
        }
        let schema = format!("{}_at_{upto}", self.build.model.name());
        if let Err(error) = self.build.refuse_settling(&schema).await {
            return self.give_up(error).await;
        }
        if let Err(error) = self.fill(upto, &mut told).await {
            return self.give_up(error).await;
        }
        let copy = self.build.schema();
        let tables = tables(&mut self.build.session, &copy).await?;
        self.build.settle_as(&schema).await?;
        Ok(Inspection { position: upto, schema, tables })
    }

    /// Folds the journal up to where the live tables are, compares row by row, and drops the result.
    ///
    /// # Errors
    /// [`ProjectionError::NotBuilt`] where there is nothing to compare with.
    pub async fn verify(
        mut self,
        mut told: impl FnMut(BuildStep) + Send,
    ) -> Result<Verdict, ProjectionError> {
        match self.verdict(&mut told).await {
            Ok(verdict) => {
                self.build.discard().await?;
                Ok(verdict)
            }
            Err(error) => self.give_up(error).await,
        }
    }

    /// Drops what was built; where even that fails, the next sweep does.
    async fn give_up<T>(self, error: ProjectionError) -> Result<T, ProjectionError> {
        if let Err(error) = self.build.discard().await {
            tracing::debug!(%error, "a rebuild is left to the next sweep");
        }
        Err(error)
    }

    async fn verdict(&mut self, told: Told<'_>) -> Result<Verdict, ProjectionError> {
        let schema = self.build.model.schema();
        let live: Option<i64> = sqlx::query_scalar(
            "select position from projection_checkpoints where schema_name = $1",
        )
        .bind(schema)
        .fetch_optional(&self.pool)
        .await?;
        self.fold_upto(Position(live.unwrap_or_default()), told).await?;
        self.build.compare(&self.pool, told).await
    }

    /// Folds up to a position, makes the indexes, and drops everything where that fails.
    async fn fill(&mut self, upto: Position, told: Told<'_>) -> Result<(), ProjectionError> {
        self.fold_upto(upto, told).await?;
        Ok(self.build.index(told).await?)
    }

    async fn fold_upto(&mut self, upto: Position, told: Told<'_>) -> Result<(), ProjectionError> {
        self.build.fold_slices(upto, told).await?;
        let folded = self.build.fold_upto(upto, told).await;
        folded.map_err(|error| error.of(&self.build.model))
    }
}

impl FoldError {
    /// The same as the fault of a model.
    pub(super) fn of(self, model: &ReadModel) -> ProjectionError {
        match self {
            Self::Interrupted(error) => ProjectionError::Database(error),
            Self::Broken { upto, source, .. } => ProjectionError::Broken {
                model: model.name().to_owned(),
                position: upto,
                words: words(&source),
            },
        }
    }
}

/// What the database says, without what the driver adds.
pub(super) fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

/// Finds the last position that was recorded at this time or before.
///
/// # Errors
/// The database's words.
pub async fn position_at(pool: &PgPool, time: DateTime<Utc>) -> Result<Position, sqlx::Error> {
    // Times never step back along the journal, so twenty looks find one among a million.
    let (mut before, mut after) = (0, head(pool).await?.0 + 1);
    while before + 1 < after {
        let middle = before + (after - before) / 2;
        let is_before: bool =
            sqlx::query_scalar("select recorded_at <= $2 from events where position = $1")
                .bind(middle)
                .bind(time)
                .fetch_one(pool)
                .await?;
        if is_before { before = middle } else { after = middle }
    }
    Ok(Position(before))
}
