//! The projection runner.

use std::time::Duration;

use crate::domain::Position;

/// x
#[derive(Debug, Clone)]
pub struct Projections;

/// x
#[derive(Debug, Clone, thiserror::Error)]
#[error("not yet")]
pub struct WaitError;

/// x
#[derive(Debug, Clone)]
pub struct ProjectionStatus {
    /// x
    pub name: String,
    /// x
    pub position: Position,
    /// x
    pub stopped: Option<String>,
}

impl Projections {
    /// x
    pub async fn wait_for(&self, _: Position, _: Duration) -> Result<(), WaitError> {
        Ok(())
    }
    /// x
    pub fn status(&self) -> Vec<ProjectionStatus> {
        vec![]
    }
}
