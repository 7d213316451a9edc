use std::time::Duration;

use tokio::{sync::watch, time::timeout};

use super::WaitError;
use crate::domain::Position;

/// Where one read model stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// Name of the model.
    pub name: String,
    /// Everything up to here is in its tables.
    pub position: Position,
    /// Where it stopped and the database's words, as in `position 7: division by zero`; `None` while it runs.
    pub stopped: Option<String>,
}

impl ProjectionStatus {
    /// Tells whether the model still comes nearer to this position.
    fn is_behind(&self, position: Position) -> bool {
        self.stopped.is_none() && self.position < position
    }
}

pub(super) async fn wait_for(
    mut progress: watch::Receiver<Vec<ProjectionStatus>>,
    position: Position,
    patience: Duration,
) -> Result<(), WaitError> {
    let reached = progress.wait_for(|models| !models.iter().any(|model| model.is_behind(position)));
    match timeout(patience, reached).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(_)) => return Err(WaitError::ShutDown),
        Err(_) => {}
    }
    let models = progress.borrow();
    let behind = models.iter().filter(|model| model.is_behind(position));
    Err(WaitError::TimedOut { position, behind: behind.map(|model| model.name.clone()).collect() })
}
