use std::{future::Future, time::Duration};

use async_graphql::Context;
use tracing::Instrument;

use super::error::ApiError;
use crate::{
    command::{CommandError, Commands, Done},
    domain::Position,
    process::ProviderOperations,
    projection::Projections,
    read::{Feed, Reads},
    request_id::carried,
};

/// How long a payload, or a query that names a position, waits for the read models.
const READ_MODELS_WAIT: Duration = Duration::from_secs(5);

/// What the API needs to answer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) commands: Commands,
    pub(crate) operations: ProviderOperations,
    pub(crate) reads: Reads,
    pub(crate) projections: Projections,
    pub(crate) feed: Feed,
}

impl Backend {
    pub(super) fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked()
    }

    /// Waits until the read models have folded everything up to a position.
    pub(crate) async fn reached(&self, position: Position) -> Result<(), ApiError> {
        self.readable()?;
        let waited = self.projections.wait_for(position, READ_MODELS_WAIT).await;
        match (waited, self.projections.stopped_before(position)) {
            (Ok(()), None) => Ok(()),
            _ => Err(ApiError::not_read_yet(position)),
        }
    }

    /// Refuses what could not be answered, before anything is recorded: while tables are being built there are none.
    fn readable(&self) -> Result<(), ApiError> {
        match self.projections.absent() {
            absent if absent.is_empty() => Ok(()),
            absent => Err(ApiError::being_built(&absent)),
        }
    }

    /// Runs a command to its end whatever the client does, and waits until its result can be read.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        command: impl Future<Output = Result<Done<T>, CommandError>> + Send + 'static,
    ) -> Result<Done<T>, ApiError> {
        self.readable()?;
        let done = detached(command).await?;
        self.reached(done.position).await?;
        Ok(done)
    }
}

/// Runs a future on a task of its own, which goes on where the caller stops waiting.
pub(super) async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, CommandError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(carried(work.in_current_span())).await {
        Ok(result) => Ok(result?),
        Err(panic) => {
            Err(CommandError::Internal(format!("a command's task ended: {panic}")).into())
        }
    }
}
