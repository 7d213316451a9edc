//! A PostgreSQL of one test's own, to be stopped or killed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signalbox::postgres::{Durability, PrivatePostgres, Settings};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tempfile::TempDir;

/// A migrated database in a folder that goes with this value; its address stays the same over restarts.
pub(crate) struct OwnServer {
    _folder: TempDir,
    data: PathBuf,
    durability: Durability,
    running: Option<PrivatePostgres>,
    options: PgConnectOptions,
    url: String,
}

impl OwnServer {
    /// Makes the database and starts its server.
    pub(crate) async fn start(durability: Durability) -> Self {
        // PostgreSQL's account must be able to enter.
        let mode = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
        let data = folder.path().join("data");
        let running = start(&data, durability).await;
        let (options, url) = (running.options(), running.url());
        let mut connection = options.connect().await.unwrap();
        let migrations = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap());
        let migrations = Migrator::new(migrations.join("migrations")).await.unwrap();
        migrations.run(&mut connection).await.unwrap();
        // After a kill it would sync each file of the cluster by itself, which takes seconds.
        connection.execute("alter system set recovery_init_sync_method = syncfs").await.unwrap();
        connection.execute("select pg_reload_conf()").await.unwrap();
        connection.close().await.unwrap();
        Self { _folder: folder, data, durability, running: Some(running), options, url }
    }

    /// How to connect, whenever it runs.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The same as a value for `DATABASE_URL`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it with kill -9; returns when none of its processes is left.
    pub(crate) async fn kill(&mut self) {
        let file = fs::read_to_string(self.data.join("postgres/postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap().parse().unwrap();
        kill(Pid::from_raw(postmaster), Signal::SIGKILL).unwrap();
        self.stop().await;
    }

    /// Ends it in good order.
    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Starts it again.
    pub(crate) async fn restart(&mut self) {
        self.running = Some(start(&self.data, self.durability).await);
    }
}

async fn start(data: &Path, durability: Durability) -> PrivatePostgres {
    let settings = Settings { durability, ..Settings::default() };
    PrivatePostgres::start_with(data, settings).await.unwrap()
}
