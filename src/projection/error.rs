use std::path::PathBuf;

use crate::domain::Position;

/// Why read models could not be set up, rebuilt or compared.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database does not take the file as it is.
    #[error("the read model {model} cannot be installed, correct {file}: {source}")]
    Refused {
        /// Name of the model.
        model: String,
        /// Where its author finds it.
        file: String,
        /// The database's words.
        source: sqlx::Error,
    },
    /// The file holds a `commit` or a `rollback`.
    #[error(
        "the read model {model} cannot be installed: {file} must not begin or end transactions"
    )]
    TransactionEnded {
        /// Name of the model.
        model: String,
        /// Where its author finds it.
        file: String,
    },
    /// The schema is somebody else's.
    #[error(
        "the database has a schema {schema} that is not this read model's: rename that, or call {file} otherwise"
    )]
    SchemaTaken {
        /// The schema.
        schema: String,
        /// The file that would be called as it is.
        file: String,
    },
    /// The fold cannot take an event.
    #[error(
        "the fold of {model} fails at position {position}: {words}; what is live was left as it is"
    )]
    Broken {
        /// Name of the model.
        model: String,
        /// The event at fault.
        position: Position,
        /// The database's words.
        words: String,
    },
    /// Another process builds the same, or a transaction is open that has read the tables before the last swap.
    #[error(
        "the read model {0} is being rebuilt already, or its former tables are still being read: wait until that has ended"
    )]
    UnderWay(String),
    /// Nothing has been built yet.
    #[error(
        "the read model {0} has no tables in this database: `signalbox replay {0}` builds them"
    )]
    NotBuilt(String),
    /// The tables before the swap and after it are of different shapes.
    #[error(
        "the live table {table} of {model} has other columns than its file makes: replay it without --verify"
    )]
    OtherShape {
        /// Name of the model.
        model: String,
        /// The table.
        table: String,
    },
    /// The journal is shorter.
    #[error("position {asked} is beyond the end of the journal, {end}")]
    BeyondEnd {
        /// What was asked for.
        asked: Position,
        /// Where the journal ends.
        end: Position,
    },
    /// The folder of added files cannot be read.
    #[error("the folder of read models {} cannot be read: {source}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The database could not be asked.
    #[error("the read models cannot be set up, check the database: {0}")]
    Database(#[from] sqlx::Error),
}

impl ProjectionError {
    /// Tells whether only another text of the model's file helps.
    pub(super) fn is_the_files(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. } | Self::TransactionEnded { .. } | Self::SchemaTaken { .. }
        )
    }
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
