use std::time::Duration;

use tokio::{sync::watch, time::timeout};

use super::{Origin, WaitError};
use crate::domain::Position;

/// Where one read model stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// Name of the model.
    pub name: String,
    /// Who answers for it.
    pub origin: Origin,
    /// Everything up to here is in its tables.
    pub position: Position,
    /// Where it stopped and the database's words, as in `position 7: division by zero`; `None` while it runs.
    pub stopped: Option<String>,
    /// The copy by which its tables are to be made or replaced.
    pub rebuild: Option<RebuildStatus>,
}

/// Where a copy stands that is built beside a model's tables, or before it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RebuildStatus {
    /// It has folded everything up to here. The model has no tables yet.
    First(Position),
    /// It has folded everything up to here. Until it is done, the tables are those of an earlier text.
    Replacing(Position),
    /// It came to nothing, for this reason; if there are tables, they are those of an earlier text.
    Failed(String),
}

impl ProjectionStatus {
    /// Tells whether the program needs the model and it still comes nearer to this position.
    fn is_behind(&self, position: Position) -> bool {
        self.origin == Origin::BuiltIn
            && self.stopped.is_none()
            && (self.position < position || self.is_absent())
    }

    /// Tells whether the model has no tables yet.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.rebuild, Some(RebuildStatus::First(_)))
    }
}

/// Counts one who waits, as long as it lives.
struct Waiter<'a>(&'a watch::Sender<usize>);

impl<'a> Waiter<'a> {
    fn new(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|count| *count += 1);
        Self(waiting)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

pub(super) async fn wait_for(
    mut progress: watch::Receiver<Vec<ProjectionStatus>>,
    waiting: &watch::Sender<usize>,
    position: Position,
    patience: Duration,
) -> Result<(), WaitError> {
    let _waiter = Waiter::new(waiting);
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
