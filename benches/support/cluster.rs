//! One fresh PostgreSQL for a run; it waits for the disk at every commit, as the program's own does.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Result;
use signalbox::postgres::{Durability, PrivatePostgres, Settings};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use super::stats::percentile;

/// Room for the peer's largest pool beside an installation.
const CONNECTIONS: u16 = 300;
/// Commits that the disk is judged by.
const COMMITS: usize = 300;

/// A private server with a database for each site.
pub(crate) struct Cluster {
    folder: PathBuf,
    server: PrivatePostgres,
}

impl Cluster {
    /// Makes and starts it; what a run that was killed left behind is removed first.
    pub(crate) async fn start() -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speed");
        std::fs::create_dir_all(&folder)?;
        PrivatePostgres::discard(&folder).await?;
        let durability = Durability::Durable;
        let settings = Settings { durability, max_connections: CONNECTIONS, ..Settings::default() };
        let server = PrivatePostgres::start_with(&folder, settings).await?;
        Ok(Self { folder, server })
    }

    /// Makes an empty database.
    pub(crate) async fn create(&self, name: &str) -> Result<PgConnectOptions> {
        self.execute(&format!("create database {name}")).await?;
        Ok(self.server.options().database(name))
    }

    /// Removes a database.
    pub(crate) async fn drop(&self, name: &str) -> Result<()> {
        self.execute(&format!("drop database {name} with (force)")).await
    }

    /// What PostgreSQL calls itself.
    pub(crate) async fn version(&self) -> Result<String> {
        let mut connection = self.server.options().connect().await?;
        let version = sqlx::query_scalar("show server_version").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(version)
    }

    /// How long one commit of one row takes that nobody shares: p50 and p99.
    pub(crate) async fn commits(&self) -> Result<[Duration; 2]> {
        let mut connection = self.server.options().connect().await?;
        connection.execute("create table commits (number int)").await?;
        let mut taken = vec![];
        for _ in 0..COMMITS {
            let begun = Instant::now();
            connection.execute("insert into commits values (1)").await?;
            taken.push(begun.elapsed());
        }
        connection.close().await?;
        Ok([0.5, 0.99].map(|share| percentile(taken.clone(), share)))
    }

    /// A folder on the same disk, for data beside the database's.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server and removes all data.
    pub(crate) async fn discard(self) -> Result<()> {
        self.server.stop().await;
        PrivatePostgres::discard(&self.folder).await?;
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        let mut connection: PgConnection = self.server.options().connect().await?;
        connection.execute(statement).await?;
        Ok(connection.close().await?)
    }
}
