//! The server that all tests of a run share, kept by a process of its own.
//!
//! Tests may be threads of one process or a process each, and any of them may be killed, so nobody counts them: each
//! process that uses the server holds a shared lock on `users.lock`, which the kernel releases when it ends. The
//! keeper stops the server, removes its data and ends when nobody has held that lock for a while.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, thread};

use nix::unistd::Uid;
use signalbox::postgres::{Durability, PrivatePostgres, Settings};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use uuid::Uuid;

use super::children;

/// The database that every test's own is a copy of.
pub(super) const TEMPLATE: &str = "signalbox_template";

const KEEPER: &str = "support::keeper::keeps_the_shared_server";
/// Tells the keeper that it is one.
const KEEPER_FOLDER: &str = "SIGNALBOX_TEST_KEEPER_FOLDER";
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long the server stays without users: the pause between two processes of a run is shorter.
const LINGER: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(50);

/// How to connect to the shared server; starts it where it does not run, and holds it while this process lives.
pub(super) fn shared_server() -> &'static PgConnectOptions {
    static SERVER: OnceLock<(PgConnectOptions, File)> = OnceLock::new();
    let (options, _used) = SERVER.get_or_init(|| {
        let folder = Folder::of_this_build();
        let used = folder.open("users.lock");
        used.lock_shared().unwrap();
        (folder.wait_for_server(), used)
    });
    options
}

/// The folder in which the tests and the keeper meet.
struct Folder(PathBuf);

impl Folder {
    fn of_this_build() -> Self {
        // Not `env!`, which is wrong in a build that was copied to another checkout: <build>/debug/deps/it-….
        let program = env::current_exe().unwrap();
        let folder = program.ancestors().nth(3).unwrap().join("tmp/shared-postgres");
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn open(&self, name: &str) -> File {
        let path = self.0.join(name);
        OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap()
    }

    fn url(&self) -> PathBuf {
        self.0.join("url")
    }

    fn keeper_lives(&self) -> bool {
        self.open("keeper.lock").try_lock_shared().is_err()
    }

    fn wait_for_server(&self) -> PgConnectOptions {
        let starting = self.open("start.lock");
        starting.lock().unwrap();
        let patience = Instant::now() + START_PATIENCE;
        let mut keeper: Option<Child> = None;
        loop {
            if self.keeper_lives() {
                if let Ok(url) = fs::read_to_string(self.url()) {
                    return url.parse().unwrap();
                }
            } else if keeper.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
                keeper = Some(self.start_keeper());
            }
            assert!(
                Instant::now() < patience,
                "no shared server, see {}/keeper.log",
                self.0.display()
            );
            thread::sleep(GLANCE);
        }
    }

    fn start_keeper(&self) -> Child {
        let log = File::create(self.0.join("keeper.log")).unwrap();
        children::ignored_test(&env::current_exe().unwrap(), KEEPER)
            .env(KEEPER_FOLDER, &self.0)
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap()
    }

    /// Waits until nobody has used the server for a while; the lock returned keeps new users out.
    async fn unused(&self) -> File {
        let users = self.open("users.lock");
        let mut unused_since = Instant::now();
        loop {
            tokio::time::sleep(GLANCE).await;
            if users.try_lock().is_err() {
                unused_since = Instant::now();
            } else if unused_since.elapsed() > LINGER {
                return users;
            } else {
                users.unlock().unwrap();
            }
        }
    }
}

/// Where the shared server's data is: outside the build's folder, which may be one that PostgreSQL cannot enter.
fn data_folder(folder: &Path) -> PathBuf {
    let key = format!("{} {}", Uid::effective(), folder.display());
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, key.as_bytes());
    env::temp_dir().join(format!("signalbox-tests-{}", id.simple()))
}

#[tokio::test]
#[ignore = "a process of its own, started by the tests that need the server"]
async fn keeps_the_shared_server() {
    let Some(folder) = env::var_os(KEEPER_FOLDER).map(PathBuf::from).map(Folder) else { return };
    let alive = folder.open("keeper.lock");
    if alive.try_lock().is_err() {
        return;
    }
    let _ = fs::remove_file(folder.url());
    let data = data_folder(&folder.0);
    // Left by a keeper that was killed; without fsync it cannot be trusted.
    PrivatePostgres::discard(&data).await.unwrap();
    let settings =
        Settings { durability: Durability::Volatile, max_connections: 400, ..Settings::default() };
    let server = PrivatePostgres::start_with(&data, settings).await.unwrap();
    make_template(server.options()).await;
    let unfinished = folder.0.join("url.unfinished");
    fs::write(&unfinished, server.url()).unwrap();
    fs::rename(&unfinished, folder.url()).unwrap();
    let _nobody = folder.unused().await;
    fs::remove_file(folder.url()).unwrap();
    server.stop().await;
    fs::remove_dir_all(&data).unwrap();
    drop(alive);
}

async fn make_template(options: PgConnectOptions) {
    let mut admin = options.connect().await.unwrap();
    admin.execute(format!("create database {TEMPLATE}").as_str()).await.unwrap();
    let migrations = env::var("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap().join("migrations");
    if migrations.is_dir() {
        // Read when run, so a new migration needs no rebuild of the tests.
        let mut template = options.database(TEMPLATE).connect().await.unwrap();
        Migrator::new(migrations).await.unwrap().run(&mut template).await.unwrap();
        template.close().await.unwrap();
    }
    admin.close().await.unwrap();
}
