//! The task that builds what a model lacks: its tables, or those of a changed text.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::sleep;

use super::{
    BuildStep, Origin, ProjectionError, ReadModel, RebuildStatus,
    build::Build,
    fold::FoldError,
    install::{head, is_whole},
    replay::words,
    status::StatusOf,
};
/// Between two looks at whether another process has built the model.
const GLANCE: Duration = Duration::from_millis(500);
/// Before another try: what was built is lost, and building takes the database's time.
const PAUSE: Duration = Duration::from_secs(5);

/// Builds one model.
pub(super) struct Builder {
    pub(super) pool: PgPool,
    pub(super) model: ReadModel,
    pub(super) status: StatusOf,
    /// Whether tables of an earlier text are there.
    pub(super) replaces: Replaces,
}

/// What a copy takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaces {
    Nothing,
    AnEarlierText,
}

impl Builder {
    /// Returns when the tables are there, built here or elsewhere, or can never be; tells whether they are.
    pub(super) async fn run(self, mut begun: Option<Build>) -> bool {
        tracing::info!(model = self.model.name(), "rebuilding the read model from the journal");
        loop {
            match self.round(begun.take()).await {
                Ok(true) => {
                    self.done();
                    return true;
                }
                Ok(false) => sleep(GLANCE).await,
                Err(ProjectionError::Database(error)) => {
                    tracing::warn!(model = self.model.name(), %error, "a rebuild was interrupted");
                    sleep(PAUSE).await;
                }
                Err(error) => {
                    self.failed(&error);
                    return false;
                }
            }
        }
    }

    /// Builds with what has been begun, or begins; tells whether the tables are there.
    async fn round(&self, begun: Option<Build>) -> Result<bool, ProjectionError> {
        let build = match begun {
            Some(build) => build,
            None if is_whole(&self.pool, &self.model).await? => return Ok(true),
            None => match Build::begin(&self.pool, &self.model).await? {
                Some(build) => build,
                None => return Ok(false),
            },
        };
        self.build(build).await?;
        Ok(true)
    }

    async fn build(&self, mut build: Build) -> Result<(), ProjectionError> {
        let head = head(&self.pool).await?;
        let status = self.status.clone();
        let replaces = self.replaces;
        let mut told = move |step: BuildStep| tell(&status, replaces, step);
        build.fold_slices(head, &mut told).await?;
        match build.fold_upto(head, &mut told).await {
            Ok(()) => {}
            // Tables that stop where they cannot go on are better than none.
            Err(FoldError::Broken { upto, source, .. }) if self.replaces == Replaces::Nothing => {
                self.status.stopped(format!("position {upto}: {}", words(&source)));
            }
            Err(error @ FoldError::Broken { .. }) => {
                build.discard().await?;
                return Err(error.of(&self.model));
            }
            Err(error) => return Err(error.of(&self.model)),
        }
        build.index(&mut told).await?;
        let swapped = build.swap(&mut told).await;
        let position = swapped.map_err(|error| error.of(&self.model))?;
        self.status.advanced(position);
        Ok(())
    }

    fn done(&self) {
        self.status.rebuilding(None);
        tracing::info!(model = self.model.name(), "the read model has been rebuilt");
        announce(&self.model);
    }

    fn failed(&self, error: &ProjectionError) {
        tracing::error!(model = self.model.name(), %error, "the read model cannot be rebuilt");
        self.status.rebuilding(Some(RebuildStatus::Failed(error.to_string())));
    }
}

fn tell(status: &StatusOf, replaces: Replaces, step: BuildStep) {
    let BuildStep::Folded(position) = step else { return };
    status.rebuilding(Some(match replaces {
        Replaces::Nothing => RebuildStatus::First(position),
        Replaces::AnEarlierText => RebuildStatus::Replacing(position),
    }));
}

/// Says where an added model's tables are found.
pub(super) fn announce(model: &ReadModel) {
    if model.origin() == Origin::Added {
        let schema = model.schema();
        tracing::info!(model = model.name(), "analysts find the tables in the schema {schema}");
    }
}
