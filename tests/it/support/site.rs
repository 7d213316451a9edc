//! The program on a database of its own, as on an operator's machine.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::PathBuf};

use signalbox::postgres::PrivatePostgres;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;

use crate::support::program::Program;

/// A folder that goes with this value; in it a durable PostgreSQL, and the program's own data.
pub(crate) struct Site {
    folder: TempDir,
    postgres: PrivatePostgres,
}

impl Site {
    pub(crate) async fn open() -> Self {
        // PostgreSQL's account must be able to enter.
        let mode = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
        let postgres = PrivatePostgres::start(&folder.path().join("database")).await.unwrap();
        Self { folder, postgres }
    }

    /// Starts the program with further environment variables; returns once it dispatches.
    pub(crate) async fn start(&self, settings: &[(&'static str, &str)]) -> Program {
        let settings = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let program = Program::start_with(&self.data(), &self.url(), settings);
        program.dispatches("here").await;
        program
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    /// The value of `DATABASE_URL`. The password is one that the database does not ask for.
    pub(crate) fn url(&self) -> String {
        format!("{}&password={PASSWORD}", self.postgres.url())
    }

    /// Looks into the database.
    pub(crate) fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(2).connect_lazy_with(self.postgres.options())
    }

    pub(crate) async fn close(self) {
        self.postgres.stop().await;
    }
}

/// Of the database's account.
pub(crate) const PASSWORD: &str = "pass-word-of-the-database";
