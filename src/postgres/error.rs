//! What can keep a private PostgreSQL from running.

use std::io;
use std::path::{Path, PathBuf};

/// Says why a private PostgreSQL cannot be had, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// No PostgreSQL server is installed.
    #[error(
        "no PostgreSQL server found (looked in {searched}): install version 15 or newer, on Debian with \
         `apt-get install postgresql`, or set DATABASE_URL"
    )]
    NotInstalled {
        /// The folders that were searched.
        searched: String,
    },
    /// Only servers older than 15 are installed.
    #[error("PostgreSQL {found} in {} is too old: install version 15 or newer", .folder.display())]
    TooOld {
        /// Its major version.
        found: u32,
        /// The folder of its programs.
        folder: PathBuf,
    },
    /// The cluster needs a major version that is not installed.
    #[error(
        "the data in {} was made by PostgreSQL {made_by}, which is not installed: install postgresql-{made_by}",
        .cluster.display()
    )]
    OtherVersion {
        /// The cluster's folder.
        cluster: PathBuf,
        /// The major version that made it.
        made_by: u32,
    },
    /// Another running program uses the same data folder.
    #[error(
        "another running program uses the data in {}: stop it, or choose another data folder", .folder.display()
    )]
    InUse {
        /// The folder that holds the locked cluster.
        folder: PathBuf,
    },
    /// The data folder belongs to a program that used an external database.
    #[error(
        "{} says that this data folder has served an external database, so a private one would start without its \
         orders: set DATABASE_URL, or choose another data folder",
        .marker.display()
    )]
    ServedExternal {
        /// The file that says so.
        marker: PathBuf,
    },
    /// The program runs as root and there is no other account for the server.
    #[error(
        "PostgreSQL refuses to run as root and there is no account `postgres`: install the package postgresql, or \
         give the data folder to another account with chown"
    )]
    NoAccount,
    /// The server's account cannot enter the folder that holds the cluster.
    #[error(
        "PostgreSQL runs as `{account}`, which cannot enter {}: let it enter every folder above with chmod",
        .folder.display()
    )]
    Unreachable {
        /// The folder that cannot be entered.
        folder: PathBuf,
        /// The account's name.
        account: String,
    },
    /// The cluster was put elsewhere and is not there.
    #[error(
        "{} says that the data is in {}, which is not a folder of this program's: bring it back",
        .record.display(), .home.display()
    )]
    DataGone {
        /// The file in the data folder that names the place.
        record: PathBuf,
        /// The folder that it names.
        home: PathBuf,
    },
    /// The folder for the socket is open to others.
    #[error("{} is not a folder of mode 0700 of one's own: remove it", .folder.display())]
    ForeignFolder {
        /// The folder in question.
        folder: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    InitdbFailed {
        /// What it printed.
        output: String,
    },
    /// The server ended before it accepted a connection.
    #[error("PostgreSQL did not start; the end of {} is:\n{tail}", .log.display())]
    DidNotStart {
        /// The server's log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// Processes of an earlier server did not end in time.
    #[error("processes {pids:?} of an earlier server still use {}: end them", .cluster.display())]
    StillRunning {
        /// The cluster's folder.
        cluster: PathBuf,
        /// Their process ids.
        pids: Vec<i32>,
    },
    /// The server was asked to stop while it started.
    #[error("PostgreSQL was stopped while it started")]
    Stopped,
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The server answered with an error.
    #[error("the private database answered: {0}")]
    Database(#[from] sqlx::Error),
}

/// Names the action and the path of a failed file operation.
pub(super) fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PostgresError {
    move |source| PostgresError::File { action, path: path.to_owned(), source }
}
