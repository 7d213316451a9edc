//! One postmaster: started or adopted, waited for, stopped.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::binaries::Binaries;
use super::error::{PostgresError, cannot};
use super::place::{Place, socket_in};
use super::private;
use super::processes::{self, Postmaster};
use super::settings::Settings;

/// How long processes of a killed server may take to notice and go.
const LEFTOVERS_PATIENCE: Duration = Duration::from_secs(10);
/// How long recovery after a crash may take.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(300);
/// Each way to stop a server, the gentlest first, and how long it may take. Even the last loses nothing committed.
const WAYS_TO_STOP: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];
/// How often a process that is not a child is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// The size of a log that is set aside at the next start, in bytes.
const LOG_LIMIT: u64 = 16 << 20;
/// How much of the log an error quotes, in bytes.
const LOG_TAIL: u64 = 2_000;

/// What it takes to run a server in one place, the first time and again after a crash.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) place: Place,
    pub(super) binaries: Binaries,
    pub(super) settings: Settings,
    pub(super) socket_folder: PathBuf,
    /// Asks a server to stop, also one that is still starting.
    pub(super) stop: CancellationToken,
}

/// A running postmaster.
#[derive(Debug)]
pub(super) struct Server {
    process: Process,
    cluster: PathBuf,
}

#[derive(Debug)]
enum Process {
    /// Started by this program.
    Child(Child),
    /// Started by an earlier one that was killed.
    Adopted(Pid),
}

impl Server {
    /// Adopts the server that runs in the place, or starts one, and waits until it accepts connections.
    pub(super) async fn run(site: &Site) -> Result<Self, PostgresError> {
        if let Some(orphan) = Self::find(&site.place.cluster()).await? {
            match orphan.ready(site).await {
                // It was on its way out already.
                Err(PostgresError::DidNotStart { .. }) => {}
                answer => return answer,
            }
        }
        Self::start(site)?.ready(site).await
    }

    /// The server that already runs in `cluster`.
    pub(super) async fn find(cluster: &Path) -> Result<Option<Self>, PostgresError> {
        let Some(Postmaster { pid, .. }) = running_or_gone(cluster).await? else { return Ok(None) };
        tracing::info!(%pid, "adopting the private PostgreSQL that an earlier run left behind");
        Ok(Some(Self { process: Process::Adopted(pid), cluster: cluster.to_owned() }))
    }

    fn start(site: &Site) -> Result<Self, PostgresError> {
        let cluster = site.place.cluster();
        remove_stale_files(&cluster, &site.socket_folder)?;
        let program = site.binaries.postgres();
        let log = open_log(&site.place)?;
        let also_log = log.try_clone().map_err(cannot("open", &site.place.log()))?;
        let mut command = Command::from(site.place.account.command(&program));
        command
            .arg("-D")
            .arg(&cluster)
            .current_dir(&cluster)
            .arg("-p")
            .arg(private::PORT.to_string());
        command.arg("-c").arg(format!("unix_socket_directories={}", quoted(&site.socket_folder)));
        for setting in site.settings.for_server() {
            command.arg("-c").arg(setting);
        }
        command.stdout(Stdio::from(also_log)).stderr(Stdio::from(log));
        let child = command.spawn().map_err(cannot("run", &program))?;
        tracing::debug!(pid = child.id(), "started the private PostgreSQL");
        Ok(Self { process: Process::Child(child), cluster })
    }

    /// The same server once it accepts connections; one that never does is stopped.
    async fn ready(mut self, site: &Site) -> Result<Self, PostgresError> {
        match self.wait_until_ready(site).await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.stop().await;
                Err(error)
            }
        }
    }

    async fn wait_until_ready(&mut self, site: &Site) -> Result<(), PostgresError> {
        // Connecting is the test, because a stale `postmaster.pid` says `ready` as well.
        let options = private::options(&site.socket_folder, "postgres");
        let patience = Instant::now() + RECOVERY_PATIENCE;
        while !accepts(&options).await {
            if site.stop.is_cancelled() {
                return Err(PostgresError::Stopped);
            }
            if self.has_ended() || Instant::now() > patience {
                let log = site.place.log();
                let tail = tail_of(&log);
                return Err(PostgresError::DidNotStart { log, tail });
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        match &mut self.process {
            Process::Child(child) => !matches!(child.try_wait(), Ok(None)),
            Process::Adopted(pid) => !processes::works_in(*pid, &self.cluster),
        }
    }

    /// Returns when the postmaster has ended, for whatever reason.
    pub(super) async fn ended(&mut self) {
        match &mut self.process {
            Process::Child(child) => {
                if let Err(error) = child.wait().await {
                    tracing::warn!(%error, "cannot wait for the private PostgreSQL");
                }
            }
            Process::Adopted(pid) => {
                while processes::works_in(*pid, &self.cluster) {
                    sleep(GLANCE).await;
                }
            }
        }
    }

    /// Stops the server and returns when none of its processes is left.
    pub(super) async fn stop(mut self) {
        for (signal, patience) in WAYS_TO_STOP {
            let Some(pid) = self.pid() else { break };
            if let Err(error) = kill(pid, signal) {
                tracing::warn!(%pid, %error, "cannot signal the private PostgreSQL");
            }
            if timeout(patience, self.ended()).await.is_ok() {
                break;
            }
            tracing::warn!(%signal, "the private PostgreSQL does not stop");
        }
        if let Err(error) = running_or_gone(&self.cluster).await {
            tracing::warn!(%error, "the private PostgreSQL has not gone wholly");
        }
    }

    fn pid(&self) -> Option<Pid> {
        match &self.process {
            Process::Child(child) => Pid::from_raw(i32::try_from(child.id()?).ok()?).into(),
            Process::Adopted(pid) => processes::works_in(*pid, &self.cluster).then_some(*pid),
        }
    }
}

async fn accepts(options: &PgConnectOptions) -> bool {
    let Ok(Ok(connection)) = timeout(Duration::from_secs(5), options.connect()).await else {
        return false;
    };
    connection.close().await.is_ok()
}

/// Waits until a postmaster of the cluster runs or none of its processes is left.
///
/// After a kill -9 of a postmaster its workers need a moment to notice, and one that was just started needs a moment
/// to make its socket.
pub(super) async fn running_or_gone(cluster: &Path) -> Result<Option<Postmaster>, PostgresError> {
    let patience = Instant::now() + LEFTOVERS_PATIENCE;
    loop {
        if let Some(running) = Postmaster::running_in(cluster) {
            return Ok(Some(running));
        }
        let pids = processes::of_cluster(cluster);
        if pids.is_empty() {
            return Ok(None);
        }
        still_running(cluster, pids, patience)?;
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until nobody works in a cluster that was never finished.
///
/// A program that was killed may leave its `initdb` behind, at any of its steps: just forked, or in a shell of its own.
pub(super) async fn deserted(unfinished: &Path) -> Result<(), PostgresError> {
    let patience = Instant::now() + LEFTOVERS_PATIENCE;
    loop {
        let pids = processes::within(unfinished);
        if pids.is_empty() {
            return Ok(());
        }
        still_running(unfinished, pids, patience)?;
        sleep(Duration::from_millis(20)).await;
    }
}

fn still_running(cluster: &Path, pids: Vec<Pid>, patience: Instant) -> Result<(), PostgresError> {
    if Instant::now() <= patience {
        return Ok(());
    }
    let pids = pids.into_iter().map(Pid::as_raw).collect();
    Err(PostgresError::StillRunning { cluster: cluster.to_owned(), pids })
}

/// Removes the lock files of a dead server.
///
/// PostgreSQL would trust them when another process has got the same number since, as happens in every restarted
/// container. That nobody uses the cluster has been seen in `/proc`, and the lock keeps it so.
fn remove_stale_files(cluster: &Path, socket_folder: &Path) -> Result<(), PostgresError> {
    let socket = socket_in(socket_folder);
    let mut socket_lock = socket.clone().into_os_string();
    socket_lock.push(".lock");
    for file in [cluster.join("postmaster.pid"), PathBuf::from(socket_lock), socket] {
        if fs::symlink_metadata(&file).is_ok() {
            fs::remove_file(&file).map_err(cannot("remove", &file))?;
        }
    }
    Ok(())
}

/// A folder as an element of PostgreSQL's list of folders.
fn quoted(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}

fn open_log(place: &Place) -> Result<File, PostgresError> {
    let path = place.log();
    if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_LIMIT) {
        fs::rename(&path, path.with_extension("log.old")).map_err(cannot("rename", &path))?;
    }
    place.account.open(&path)
}

fn tail_of(log: &Path) -> String {
    let read = || {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).map(|_| tail)
    };
    read().map_or_else(
        |error| format!("(it cannot be read: {error})"),
        |tail| String::from_utf8_lossy(&tail).trim().to_owned(),
    )
}
