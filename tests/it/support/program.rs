//! The program itself, as a process that can be killed.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    api::{Api, TOKEN, until},
    running::SECRET_KEY,
};

/// `signalbox serve` on a database that it can reach by a URL.
pub(crate) struct Program {
    address: SocketAddr,
    database_url: String,
    data: PathBuf,
    settings: Settings,
    process: Child,
}

/// Further environment variables.
type Settings = Vec<(&'static str, String)>;

impl Program {
    /// Starts it with `data` as its folder; returns without waiting for it.
    pub(crate) fn start(data: &Path, database_url: &str) -> Self {
        Self::start_with(data, database_url, vec![])
    }

    /// Starts it with further environment variables.
    pub(crate) fn start_with(data: &Path, database_url: &str, settings: Settings) -> Self {
        fs::create_dir_all(data).unwrap();
        let address = address_for_long();
        let process = serve(address, database_url, data, &settings);
        let (database_url, data) = (database_url.to_owned(), data.to_owned());
        Self { address, database_url, data, settings, process }
    }

    /// Kills it without warning, and starts it anew at the same address.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.process = serve(self.address, &self.database_url, &self.data, &self.settings);
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends it as an operator does; returns whether it ended well.
    pub(crate) async fn terminate(self) -> bool {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.process.id()).unwrap()), signal).unwrap();
    }

    /// Waits for its end; returns whether that was a good one.
    pub(crate) async fn ended(mut self) -> bool {
        let mut ended = None;
        until("the program has ended", async || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.is_some_and(|status| status.success())
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data.join("log")).unwrap()
    }

    pub(crate) fn api(&self) -> Api {
        Api::at(self.address)
    }

    /// Returns once `/readyz` says that dispatching is done there, such as `here` or `elsewhere`.
    pub(crate) async fn dispatches(&self, place: &str) {
        let api = self.api();
        until(&format!("{place} is dispatched"), async || {
            api.readiness().await["dispatching"] == place
        })
        .await;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended by itself is left alone.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            let log = fs::read_to_string(self.data.join("log")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!(
                "the end of its log:\n{}",
                lines[lines.len().saturating_sub(40)..].join("\n")
            );
        }
    }
}

/// A port that stays free while the program is dead: clients' own ports are on another address of the loopback.
fn address_for_long() -> SocketAddr {
    TcpListener::bind("127.65.43.21:0").and_then(|free| free.local_addr()).unwrap()
}

fn serve(address: SocketAddr, database_url: &str, data: &Path, settings: &Settings) -> Child {
    let log = File::options().create(true).append(true).open(data.join("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_signalbox"))
        .arg("serve")
        .env("DATABASE_URL", database_url)
        .env("SIGNALBOX_DATA_DIR", data)
        .env("SIGNALBOX_LISTEN", address.to_string())
        .env("SIGNALBOX_SECRET_KEY", SECRET_KEY)
        .env("SIGNALBOX_ADMIN_TOKEN", TOKEN)
        .env("SIGNALBOX_ALLOW_PRIVATE_UPSTREAMS", "true")
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}
