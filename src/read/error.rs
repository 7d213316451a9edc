use std::sync::Arc;

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

fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // Connection exception, insufficient resources, operator intervention.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["08", "53", "57"].iter().any(|class| code.starts_with(class))),
        _ => false,
    }
}
