//! The runner that folds the journal into read models.
use crate::domain::Position;
/// x
#[derive(Debug, Clone)]
pub struct Projections;
impl Projections {
    /// x
    pub async fn wait_for(
        &self,
        _p: Position,
        _t: std::time::Duration,
    ) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}
