//! The private PostgreSQL, with real servers and real kills.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use signalbox::postgres::{
    Durability, PostgresError, PrivatePostgres, Settings, create_data_folder, mark_external,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tempfile::TempDir;

use crate::support::children;
use crate::support::database::TestDatabase;

const PROGRAM: &str = "private_postgres::a_program_with_a_private_postgres";
const PROGRAM_DATA: &str = "SIGNALBOX_TEST_PROGRAM_DATA";
const PATIENCE: Duration = Duration::from_secs(30);

fn quick() -> Settings {
    Settings { durability: Durability::Volatile, ..Settings::default() }
}

/// A folder that also PostgreSQL's account can enter.
fn open_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

/// The processes that work inside `folder`.
fn processes_in(folder: &Path) -> Vec<Pid> {
    let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw))
        .collect()
}

fn postmaster_of(data: &Path) -> Pid {
    let file = fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap();
    Pid::from_raw(file.lines().next().unwrap().parse().unwrap())
}

async fn commit_a_row(options: PgConnectOptions) {
    let mut connection = options.connect().await.unwrap();
    connection.execute("create table if not exists kept as select 42 as answer").await.unwrap();
    connection.close().await.unwrap();
}

async fn read_the_row(options: &PgConnectOptions) -> sqlx::Result<i32> {
    let mut connection = options.connect().await?;
    sqlx::query_scalar("select answer from kept").fetch_one(&mut connection).await
}

async fn read_the_row_in_time(options: &PgConnectOptions) -> i32 {
    let patience = Instant::now() + PATIENCE;
    loop {
        match read_the_row(options).await {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < patience, "not back in time: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn wait_for(what: &str, mut seen: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !seen() {
        assert!(Instant::now() < patience, "{what} did not happen in time");
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
#[ignore = "a process of its own, to be killed by other tests"]
async fn a_program_with_a_private_postgres() {
    let Some(data) = env::var_os(PROGRAM_DATA).map(PathBuf::from) else { return };
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    commit_a_row(server.options()).await;
    fs::write(data.join("ready"), "").unwrap();
    std::future::pending::<()>().await;
}

fn run_program(data: &Path) -> Child {
    let program = env::current_exe().unwrap();
    let words = File::create(data.with_extension("stderr")).unwrap();
    let mut program = children::ignored_test(&program, PROGRAM);
    program.env(PROGRAM_DATA, data).stderr(words).spawn().unwrap()
}

/// Runs that program until its server is ready.
fn start_program(data: &Path) -> Child {
    let child = run_program(data);
    wait_for("the program's start", || data.join("ready").exists());
    child
}

fn kill_program(mut program: Child) {
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test]
async fn it_starts_with_an_empty_database_and_stops_without_leaving_a_process() {
    let folder = open_folder();
    let data = folder.path().join("made/for/data");
    let server = PrivatePostgres::start(&data).await.unwrap();
    let mut connection = server.options().connect().await.unwrap();
    let (name, fsync, synchronous): (String, String, String) = sqlx::query_as(
        "select current_database(), current_setting('fsync'), current_setting('synchronous_commit')",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!([name, fsync, synchronous], ["signalbox", "on", "on"]);
    assert!(!processes_in(&data).is_empty());
    server.stop().await;
    assert_eq!(processes_in(&data), []);
}

#[tokio::test]
async fn its_url_says_the_same_as_its_options() {
    let folder = open_folder();
    let server =
        PrivatePostgres::start_with(&folder.path().join("a b+c,\"d"), quick()).await.unwrap();
    commit_a_row(server.options()).await;
    let options: PgConnectOptions = server.url().parse().unwrap();
    assert_eq!(read_the_row(&options).await.unwrap(), 42);
    server.stop().await;
}

#[tokio::test]
async fn its_data_survives_a_stop_and_a_start() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    commit_a_row(server.options()).await;
    server.stop().await;
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    assert_eq!(read_the_row(&server.options()).await.unwrap(), 42);
    server.stop().await;
}

#[tokio::test]
async fn killed_database_is_restarted_and_has_lost_nothing_committed() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = PrivatePostgres::start(&data).await.unwrap();
    commit_a_row(server.options()).await;
    for _ in 0..2 {
        let killed = postmaster_of(&data);
        kill(killed, Signal::SIGKILL).unwrap();
        wait_for("the end of the killed server", || !processes_in(&data).contains(&killed));
        assert_eq!(read_the_row_in_time(&server.options()).await, 42);
        assert_ne!(postmaster_of(&data), killed);
    }
    server.stop().await;
    assert_eq!(processes_in(&data), []);
}

#[tokio::test]
async fn orphan_of_a_killed_program_is_adopted_restarted_and_stopped() {
    let folder = open_folder();
    let data = folder.path().join("data");
    kill_program(start_program(&data));
    let orphan = postmaster_of(&data);
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    assert_eq!(postmaster_of(&data), orphan);
    assert_eq!(read_the_row(&server.options()).await.unwrap(), 42);
    kill(orphan, Signal::SIGKILL).unwrap();
    wait_for("the orphan's end", || !processes_in(&data).contains(&orphan));
    assert_eq!(read_the_row_in_time(&server.options()).await, 42);
    server.stop().await;
    assert_eq!(processes_in(&data), []);
}

#[tokio::test]
async fn orphan_that_is_just_stopping_is_replaced() {
    let folder = open_folder();
    let data = folder.path().join("data");
    kill_program(start_program(&data));
    let orphan = postmaster_of(&data);
    // Stopped by the kernel at first, so that the start meets it while it has still to go.
    kill(orphan, Signal::SIGSTOP).unwrap();
    kill(orphan, Signal::SIGINT).unwrap();
    let meeting = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        kill(orphan, Signal::SIGCONT).unwrap();
    });
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    meeting.join().unwrap();
    assert_ne!(postmaster_of(&data), orphan);
    assert_eq!(read_the_row(&server.options()).await.unwrap(), 42);
    server.stop().await;
}

#[tokio::test]
async fn database_and_program_killed_together_come_back() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let program = start_program(&data);
    let database = postmaster_of(&data);
    kill_program(program);
    kill(database, Signal::SIGKILL).unwrap();
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    assert_eq!(read_the_row(&server.options()).await.unwrap(), 42);
    server.stop().await;
}

#[tokio::test]
async fn crash_at_any_instant_of_a_start_is_survived() {
    let folder = open_folder();
    let data = folder.path().join("data");
    for round in 0..16 {
        let mut program = run_program(&data);
        let instant = fastrand::u64(0..900);
        thread::sleep(Duration::from_millis(instant));
        if program.try_wait().unwrap().is_some() {
            let words = fs::read_to_string(data.with_extension("stderr")).unwrap();
            panic!("round {round} failed by itself: {words}");
        }
        kill_program(program);
        if fastrand::bool() {
            for process in processes_in(&data) {
                // It may have ended since.
                let _ = kill(process, Signal::SIGKILL);
            }
        }
    }
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    commit_a_row(server.options()).await;
    assert_eq!(read_the_row(&server.options()).await.unwrap(), 42);
    server.stop().await;
    assert_eq!(processes_in(&data), []);
}

#[tokio::test]
async fn stale_pid_that_now_is_another_process_is_no_obstacle() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    let pid_file = data.join("postgres/postmaster.pid");
    let content = fs::read_to_string(&pid_file).unwrap();
    server.stop().await;
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let (_, rest) = content.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", other.id())).unwrap();
    let started = PrivatePostgres::start_with(&data, quick()).await;
    other.kill().unwrap();
    other.wait().unwrap();
    started.unwrap().stop().await;
}

#[tokio::test]
async fn second_program_on_the_same_folder_is_refused() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let program = start_program(&data);
    let refused = PrivatePostgres::start_with(&data, quick()).await.unwrap_err();
    assert!(matches!(refused, PostgresError::InUse { .. }), "{refused}");
    let refused = PrivatePostgres::discard(&data).await.unwrap_err();
    assert!(matches!(refused, PostgresError::InUse { .. }), "{refused}");
    kill_program(program);
    PrivatePostgres::discard(&data).await.unwrap();
    assert_eq!(processes_in(&data), []);
    assert!(!data.join("postgres").exists());
}

#[tokio::test]
async fn dropping_it_stops_the_server_too() {
    let folder = open_folder();
    let data = folder.path().join("data");
    drop(PrivatePostgres::start_with(&data, quick()).await.unwrap());
    let patience = Instant::now() + PATIENCE;
    while !processes_in(&data).is_empty() {
        assert!(Instant::now() < patience, "the server still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn folder_that_has_served_an_external_database_is_refused() {
    let folder = open_folder();
    let data = folder.path().join("data");
    mark_external(&data).unwrap();
    let refused = PrivatePostgres::start_with(&data, quick()).await.unwrap_err();
    assert!(matches!(refused, PostgresError::ServedExternal { .. }), "{refused}");
    assert!(refused.to_string().contains("DATABASE_URL"));
}

#[tokio::test]
async fn long_data_folder_gets_its_socket_elsewhere() {
    let folder = open_folder();
    let data = folder.path().join("d".repeat(120));
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    commit_a_row(server.options()).await;
    let socket = server.options().get_socket().unwrap().clone();
    assert!(socket.as_os_str().len() < 90, "{}", socket.display());
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o700);
    server.stop().await;
    fs::remove_dir(socket).unwrap();
}

#[tokio::test]
async fn socket_folder_that_others_can_write_is_refused() {
    let folder = open_folder();
    let data = folder.path().join("data");
    create_data_folder(&data).unwrap();
    fs::create_dir(data.join("socket")).unwrap();
    fs::set_permissions(data.join("socket"), Permissions::from_mode(0o777)).unwrap();
    let refused = PrivatePostgres::start_with(&data, quick()).await.unwrap_err();
    assert!(matches!(refused, PostgresError::ForeignFolder { .. }), "{refused}");
}

#[test]
fn new_data_folder_is_closed_to_others() {
    let folder = open_folder();
    let data = folder.path().join("data");
    create_data_folder(&data).unwrap();
    // Root lets PostgreSQL's own group pass through it.
    let mode = if Uid::effective().is_root() { 0o710 } else { 0o700 };
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, mode);
}

#[tokio::test]
async fn missing_or_old_postgres_is_refused_with_what_to_install() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let settings = Settings { programs: Some(programs.clone()), ..quick() };
    let refused = PrivatePostgres::start_with(&data, settings.clone()).await.unwrap_err();
    assert!(matches!(refused, PostgresError::NotInstalled { .. }), "{refused}");
    for program in ["postgres", "initdb"] {
        let script = programs.join(program);
        fs::write(&script, "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n").unwrap();
        fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    }
    let refused = PrivatePostgres::start_with(&data, settings).await.unwrap_err();
    assert!(matches!(refused, PostgresError::TooOld { found: 14, .. }), "{refused}");
    assert!(refused.to_string().contains("install version 15 or newer"));
}

#[tokio::test]
async fn database_of_roots_closed_folder_is_kept_elsewhere_and_found_again() {
    if !Uid::effective().is_root() {
        return;
    }
    let closed = open_folder();
    fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).unwrap();
    let data = closed.path().join("data");
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    commit_a_row(server.options()).await;
    server.stop().await;
    let server = PrivatePostgres::start_with(&data, quick()).await.unwrap();
    assert_eq!(read_the_row(&server.options()).await.unwrap(), 42);
    server.stop().await;
    let home = PathBuf::from(fs::read_to_string(data.join("postgres.place")).unwrap());
    assert!(home.join("postgres/PG_VERSION").exists());
    PrivatePostgres::discard(&data).await.unwrap();
    assert!(!home.exists());
}

/// Root runs this module once more as somebody with no rights at all.
#[test]
fn ordinary_user_has_the_same() {
    if !Uid::effective().is_root() {
        return;
    }
    let folder = open_folder();
    // A copy, because the build's folder may be one that others cannot enter.
    let program = folder.path().join("it");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    fs::set_permissions(&work, Permissions::from_mode(0o777)).unwrap();
    let nobody = User::from_name("nobody").unwrap().unwrap();
    let output = Command::new(&program)
        .args([
            "private_postgres::",
            "--test-threads=2",
            "--skip",
            "each_test_database",
            "--skip",
            "crash",
        ])
        .current_dir(&work)
        .env("TMPDIR", &work)
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn each_test_database_is_fresh() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    commit_a_row(one.options()).await;
    commit_a_row(other.url().parse().unwrap()).await;
    let answer: i32 =
        sqlx::query_scalar("select answer from kept").fetch_one(other.pool()).await.unwrap();
    assert_eq!(answer, 42);
}
