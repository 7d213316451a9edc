use crate::domain::Position;

/// Why read models could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database does not take the file as it is.
    #[error(
        "the read model {model} cannot be installed, correct projections/{model}.sql: {source}"
    )]
    Refused {
        /// Name of the model.
        model: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// The database could not be asked.
    #[error("the read models cannot be set up, check the database: {0}")]
    Database(#[from] sqlx::Error),
}

/// Why a position was not waited for to the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The time was up. What was recorded stands; read again later.
    #[error("the read models have not reached position {position} in time: {}", behind.join(", "))]
    TimedOut {
        /// What was waited for.
        position: Position,
        /// The models that still run and are not there yet.
        behind: Vec<String>,
    },
    /// The runner was shut down before.
    #[error("the read models are no longer kept up to date: the program is shutting down")]
    ShutDown,
}
