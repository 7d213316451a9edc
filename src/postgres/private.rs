//! The private PostgreSQL as the program sees it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::binaries::Binaries;
use super::cluster::{self, USER};
use super::error::PostgresError;
use super::place::Place;
use super::server::{self, Server, Site};
use super::settings::Settings;

/// Part of the socket's name; no port is opened.
pub(super) const PORT: u16 = 5432;
/// The program's database.
const DATABASE: &str = "signalbox";
/// A server that lived longer than this did not die of its own start.
const HEALTHY_LIFE: Duration = Duration::from_secs(30);
/// The longest pause between two restarts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A PostgreSQL server of the program's own, restarted whenever it dies.
///
/// [`stop`](Self::stop) ends it. Dropping it asks for the same without waiting; a runtime that ends first, like a
/// program that is killed, leaves the server running, and the next start in the same data folder adopts it.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct PrivatePostgres {
    socket_folder: PathBuf,
    supervisor: JoinHandle<()>,
    stop: DropGuard,
}

impl PrivatePostgres {
    /// Starts, or adopts, the server whose data is in `data_dir`, with a database `signalbox`.
    ///
    /// Run by root, the server runs as the folder's owner, or as `postgres` where root owns it; a data folder that
    /// this account cannot enter keeps its database under `/var/lib`, which the log says and the data folder records.
    ///
    /// # Errors
    /// [`PostgresError`] says what is missing or in the way.
    pub async fn start(data_dir: &Path) -> Result<Self, PostgresError> {
        Self::start_with(data_dir, Settings::default()).await
    }

    /// Starts as [`start`](Self::start) does, with other settings; an adopted server keeps those that it has.
    ///
    /// # Errors
    /// [`PostgresError`] says what is missing or in the way.
    pub async fn start_with(data_dir: &Path, settings: Settings) -> Result<Self, PostgresError> {
        let place = Place::of(data_dir)?;
        let programs = settings.programs.as_deref();
        let binaries = Binaries::find(programs, &place.cluster(), place.cluster_version())?;
        let place = place.settle(&binaries.postgres())?;
        let lock = place.lock().await?;
        cluster::make_if_missing(&place, &binaries, settings.durability).await?;
        let socket_folder = match server::running_or_gone(&place.cluster()).await? {
            Some(running) => running.socket_folder,
            None => place.make_socket_folder()?,
        };
        let stop = CancellationToken::new();
        let site = Site { place, binaries, settings, socket_folder, stop: stop.clone() };
        let server = Server::run(&site).await?;
        let socket_folder = site.socket_folder.clone();
        let private = Self {
            socket_folder,
            supervisor: tokio::spawn(supervise(site, server, lock)),
            stop: stop.drop_guard(),
        };
        match private.create_database().await {
            Ok(()) => Ok(private),
            Err(error) => {
                private.stop().await;
                Err(error)
            }
        }
    }

    /// Removes the database of `data_dir` for good, wherever it is kept; a data folder without one is no error.
    ///
    /// # Errors
    /// [`PostgresError::InUse`] while a program uses it, [`PostgresError::File`] when a folder cannot be removed.
    pub async fn discard(data_dir: &Path) -> Result<(), PostgresError> {
        if !data_dir.exists() {
            return Ok(());
        }
        let place = Place::of(data_dir)?;
        let _lock = place.lock().await?;
        if let Some(orphan) = Server::find(&place.cluster()).await? {
            orphan.stop().await;
        }
        place.remove()
    }

    /// How to connect to the database of `data_dir` while another program runs its server; `None` while none runs.
    ///
    /// # Errors
    /// [`PostgresError::File`] when the folder cannot be read.
    pub async fn running(data_dir: &Path) -> Result<Option<PgConnectOptions>, PostgresError> {
        let place = Place::of(data_dir)?;
        let running = server::running_or_gone(&place.cluster()).await?;
        Ok(running.map(|server| options(&server.socket_folder, DATABASE)))
    }

    /// How to connect to the database `signalbox`; stays true when the server is restarted.
    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        options(&self.socket_folder, DATABASE)
    }

    /// The same as [`options`](Self::options) in the form that `psql` and other clients take.
    #[must_use]
    pub fn url(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("host", &self.socket_folder.to_string_lossy())
            .append_pair("port", &PORT.to_string())
            .append_pair("user", USER)
            .finish();
        // libpq does not read a plus as a space.
        format!("postgresql:///{DATABASE}?{}", query.replace('+', "%20"))
    }

    /// Stops the server and returns when none of its processes is left.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the supervisor of the private PostgreSQL failed");
        }
    }

    async fn create_database(&self) -> Result<(), PostgresError> {
        let mut connection = options(&self.socket_folder, "postgres").connect().await?;
        let found = sqlx::query("select from pg_database where datname = $1")
            .bind(DATABASE)
            .fetch_optional(&mut connection)
            .await?;
        if found.is_none() {
            connection.execute(format!("create database {DATABASE}").as_str()).await?;
        }
        connection.close().await?;
        Ok(())
    }
}

pub(super) fn options(socket_folder: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_folder)
        .port(PORT)
        .username(USER)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

/// Restarts the server whenever it ends, until asked to stop; holds the lock on the place meanwhile.
async fn supervise(site: Site, mut server: Server, _lock: File) {
    let mut short_lives = 0;
    loop {
        let born = Instant::now();
        tokio::select! {
            () = site.stop.cancelled() => return server.stop().await,
            () = server.ended() => {}
        }
        short_lives = if born.elapsed() > HEALTHY_LIFE { 0 } else { short_lives + 1 };
        tracing::warn!(log = %site.place.log().display(), "the private PostgreSQL ended; restarting it");
        match restart(&site, short_lives).await {
            Some(restarted) => server = restarted,
            None => return,
        }
    }
}

/// Tries until the server runs again; `None` when it is to stop.
async fn restart(site: &Site, mut failures: u32) -> Option<Server> {
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return None,
            () = sleep(pause_after(failures)) => {}
        }
        let began = Instant::now();
        match Server::run(site).await {
            Ok(server) => {
                tracing::info!(
                    milliseconds = began.elapsed().as_millis(),
                    "the private PostgreSQL runs again"
                );
                return Some(server);
            }
            Err(PostgresError::Stopped) => return None,
            Err(error) => {
                tracing::error!(%error, "cannot restart the private PostgreSQL; trying again");
            }
        }
        failures += 1;
    }
}

/// No pause before the first restart, then 100 ms doubled each time.
fn pause_after(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        _ => Duration::from_millis(50)
            .saturating_mul(2_u32.saturating_pow(failures - 1))
            .min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_between_restarts_double_up_to_ten_seconds() {
        let pauses: Vec<_> = [1, 2, 3, 9, 40].map(|n| pause_after(n).as_millis()).into();
        assert_eq!(pauses, [0, 100, 200, 10_000, 10_000]);
    }
}
