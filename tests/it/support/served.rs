//! The program itself, as operators run it.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// The program with a data folder and no other settings than those given.
pub(crate) fn signalbox(data: &Path, arguments: &[&str]) -> Command {
    // Not `env!`, which is wrong in a build that was copied to another checkout: <build>/debug/deps/it-….
    let test = env::current_exe().unwrap();
    let mut command = Command::new(test.ancestors().nth(2).unwrap().join("signalbox"));
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("SIGNALBOX_")) {
        command.env_remove(name);
    }
    command.env_remove("DATABASE_URL").env_remove("RUST_LOG");
    command.env("SIGNALBOX_DATA_DIR", data).args(arguments).stdin(Stdio::null());
    command
}

/// What the program says on both streams, and whether it ended well.
pub(crate) fn said(output: &Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// A `signalbox serve` that is up; killed with this value.
pub(crate) struct Served {
    /// Where it serves.
    pub(crate) url: String,
    child: Child,
    log: PathBuf,
    _folder: TempDir,
}

impl Served {
    /// Starts it, and waits until it serves.
    pub(crate) fn start(command: &mut Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let file = File::create(&log).unwrap();
        let mut child =
            command.stdout(Stdio::from(file.try_clone().unwrap())).stderr(file).spawn().unwrap();
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&log).unwrap();
            if let Some(url) = address_in(&text) {
                return Self { url, child, log, _folder: folder };
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as an operator does; returns what it logged.
    pub(crate) fn stop(mut self) -> String {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        let status = self.child.wait().unwrap();
        let log = fs::read_to_string(&self.log).unwrap();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already where it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(log: &str) -> Option<String> {
    let begin = log.find("serving GraphQL at ")? + "serving GraphQL at ".len();
    let end = log[begin..].find("/graphql")?;
    Some(log[begin..begin + end].to_owned())
}
