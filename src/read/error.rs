use std::sync::Arc;

use crate::outage::is_outage;

/// Why a read gave no answer. Cheap to clone, since one statement may serve many waiting readers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The database is not to be had at present.
    #[error("the database does not answer: {0}")]
    Unavailable(Arc<sqlx::Error>),
    /// The database answered with an error, or with something that nobody expects.
    #[error("a read failed: {0}")]
    Failed(Arc<sqlx::Error>),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        let error = Arc::new(error);
        if is_outage(&error) { Self::Unavailable(error) } else { Self::Failed(error) }
    }
}
