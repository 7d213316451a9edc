use std::sync::Arc;

use crate::outage::is_outage;

/// PostgreSQL's code for a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// Why a read gave no answer. Cheap to clone, since one statement may serve many waiting readers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The database is not to be had at present.
    #[error("the database does not answer: {0}")]
    Unavailable(Arc<sqlx::Error>),
    /// A read model has no tables yet.
    #[error("the read models are being built from the journal: try again")]
    NotBuilt(Arc<sqlx::Error>),
    /// The database answered with an error, or with something that nobody expects.
    #[error("a read failed: {0}")]
    Failed(Arc<sqlx::Error>),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        let error = Arc::new(error);
        match &*error {
            outage if is_outage(outage) => Self::Unavailable(error),
            sqlx::Error::Database(answer) if answer.code().as_deref() == Some(UNDEFINED_TABLE) => {
                Self::NotBuilt(error)
            }
            _ => Self::Failed(error),
        }
    }
}
