//! kill -9 of the database and of a program that appends under load.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, process};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signalbox::domain::order::Order;
use signalbox::domain::reservation::{Reservation, ReservationEvent};
use signalbox::journal::Journal;
use signalbox::postgres::Durability;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, FromRow, PgPool};
use tempfile::TempDir;
use tokio::time::sleep;

use super::parts::{assert_gapless, event, letter, pool_at, request};
use crate::support::children;
use crate::support::server::OwnServer;

const PROGRAM: &str = "journal::crash::a_program_under_load";
const URL: &str = "SIGNALBOX_TEST_LOAD_URL";
const LOG: &str = "SIGNALBOX_TEST_LOAD_LOG";
const RUN: &str = "SIGNALBOX_TEST_LOAD_RUN";

const CLIENTS: usize = 64;
/// So many race for one ledger, so that some lose and some batches go the slow way.
const CLIENTS_OF_A_LEDGER: usize = 2;
const INSTANTS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of its own, to be killed by another test"]
async fn a_program_under_load() {
    let (Ok(url), Ok(log), Ok(run)) = (env::var(URL), env::var(LOG), env::var(RUN)) else { return };
    let parent = parent_id();
    let journal = start_journal(&url.parse().unwrap()).await;
    let log = Arc::new(OpenOptions::new().append(true).open(log).unwrap());
    for client in 0..CLIENTS {
        let (journal, log) = (journal.clone(), Arc::clone(&log));
        tokio::spawn(append_without_end(journal, log, format!("{run}/{client}"), client));
    }
    while parent_id() == parent {
        sleep(Duration::from_millis(200)).await;
    }
    // Nobody is left to kill it.
    process::exit(1);
}

async fn start_journal(options: &PgConnectOptions) -> Journal {
    loop {
        let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(1));
        let pool = pool.connect_lazy_with(options.clone());
        match Journal::start(options.clone(), pool).await {
            Ok(journal) => return journal,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Appends two events to a stream of the request's own and one to a ledger, and notes the answer.
async fn append_without_end(journal: Journal, log: Arc<File>, name: String, client: usize) {
    let ledger = format!("ledger {}", client / CLIENTS_OF_A_LEDGER);
    let mut head = None;
    for number in 0_u64.. {
        let expected = match head {
            Some(head) => head,
            None => ledger_head(journal.pool(), &ledger).await,
        };
        let token = format!("{name}/{number}");
        let entry = ReservationEvent::Reserved { subject: token.clone(), holder: name.clone() };
        let request = request()
            .append::<Order>(&token, 0, &[event("one"), event("two")])
            .append::<Reservation>(&ledger, expected, &[entry]);
        let answer = journal.append(request).await;
        // In one call, so that no kill tears it apart.
        (&*log).write_all(format!("{} {token}\n", letter(&answer)).as_bytes()).unwrap();
        head = answer.is_ok().then_some(expected + 1);
    }
}

async fn ledger_head(pool: &PgPool, ledger: &str) -> i64 {
    let head = "select coalesce(max(sequence), 0) from events
                where aggregate_type = 'reservation' and aggregate_id = $1";
    loop {
        match sqlx::query_scalar(head).bind(ledger).fetch_one(pool).await {
            Ok(head) => return head,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The program, killed when the test ends, however it does.
struct Program(Child);

impl Program {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is killed at an instant.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Program,
    /// The server, all at once.
    Database,
    /// One of the server's processes, after which it restarts all others.
    Backend,
    Both,
}

impl Victim {
    fn of(instant: usize) -> Self {
        match instant % 10 {
            0 => Self::Database,
            1 => Self::Both,
            2 => Self::Backend,
            _ => Self::Program,
        }
    }
}

/// The database, the program, and what the program has told.
struct Stage {
    server: OwnServer,
    program: Program,
    folder: TempDir,
    runs: usize,
    gapless_upto: i64,
}

impl Stage {
    async fn set() -> Self {
        let server = OwnServer::start(Durability::Durable).await;
        let folder = tempfile::tempdir().unwrap();
        File::create(folder.path().join("log")).unwrap();
        let program = run_program(&server, &folder.path().join("log"), 0);
        Self { server, program, folder, runs: 0, gapless_upto: 0 }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn start_program(&mut self) {
        self.runs += 1;
        self.program = run_program(&self.server, &self.log(), self.runs);
    }

    async fn kill(&mut self, victim: Victim) {
        match victim {
            Victim::Program => self.program.kill(),
            Victim::Database => self.server.kill().await,
            // One that has ended by itself in the meantime is none.
            Victim::Backend => while kill(self.backend().await, Signal::SIGKILL).is_err() {},
            Victim::Both => {
                self.program.kill();
                self.server.kill().await;
            }
        }
    }

    /// What was killed comes back; what was not has to find its way by itself.
    async fn bring_back(&mut self, victim: Victim) {
        if matches!(victim, Victim::Database | Victim::Both) {
            self.server.restart().await;
        }
        if matches!(victim, Victim::Program | Victim::Both) {
            self.assert_gapless().await;
            self.start_program();
        } else {
            self.wait_for_progress().await;
            self.assert_gapless().await;
        }
    }

    /// Whoever serves the appender; where nobody does at the moment, whoever answers.
    async fn backend(&self) -> Pid {
        let (pid,) = self
            .read(
                "select pid from pg_stat_activity where application_name = 'signalbox journal'
                 union all select pg_backend_pid() limit 1",
            )
            .await;
        Pid::from_raw(pid)
    }

    /// Reads one row, as soon as the database is there to be read.
    async fn read<R>(&self, statement: &str) -> R
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let patience = Instant::now() + PATIENCE;
        loop {
            match self.try_read(statement).await {
                Ok(row) => return row,
                Err(error) => assert!(Instant::now() < patience, "{error}"),
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn try_read<R>(&self, statement: &str) -> sqlx::Result<R>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut connection = self.server.options().connect().await?;
        sqlx::query_as(statement).fetch_one(&mut connection).await
    }

    /// Waits until the program has appended since.
    async fn wait_for_progress(&self) {
        let from = fs::metadata(self.log()).unwrap().len() as usize;
        let patience = Instant::now() + PATIENCE;
        while !fs::read(self.log()).unwrap()[from..].windows(3).any(|line| line == b"\na ") {
            assert!(Instant::now() < patience, "the program does not append any more");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Holds the positions that are new since the last time to have no gap.
    async fn assert_gapless(&mut self) {
        let upto = self.gapless_upto;
        let statement = format!(
            "select (select position from journal_head), coalesce(max(position), {upto}), count(*)
             from events where position > {upto}"
        );
        let (head, last, count): (i64, i64, i64) = self.read(&statement).await;
        assert_eq!((last, count), (head, head - upto), "last, new events");
        self.gapless_upto = head;
    }

    /// Holds the journal to what the program was told.
    async fn assert_answers(&self) {
        let log = fs::read_to_string(self.log()).unwrap();
        let (letters, tokens): (Vec<&str>, Vec<&str>) =
            log.lines().filter_map(|line| line.split_once(' ')).unzip();
        let pool = pool_at(self.server.options());
        let (whole, half, lost, ghosts): (i64, i64, i64, i64) =
            sqlx::query_as(ANSWERS).bind(&letters).bind(&tokens).fetch_one(&pool).await.unwrap();
        let told = |letter| letters.iter().filter(|told| **told == letter).count();
        let (appended, conflicts) = (told("a"), told("c"));
        let (unavailable, unknown) = (told("u"), told("?"));
        println!(
            "{whole} requests in the journal; told: {appended} appended, {conflicts} conflicts, \
             {unavailable} unavailable, {unknown} unknown"
        );
        assert_eq!((half, lost, ghosts), (0, 0, 0), "requests in half, lost, refused but there");
        assert!(appended > 10 * INSTANTS, "only {appended} requests came through");
        assert_gapless(&pool).await;
    }
}

/// What of the requests is recorded wholly, in half, not although acknowledged, or although refused.
const ANSWERS: &str = "
    with recorded as (
        select token, sum(own) = 2 and sum(ledger) = 1 as whole
        from (
            select aggregate_id as token, 1 as own, 0 as ledger
            from events where aggregate_type = 'order'
            union all
            select payload->>'subject', 0, 1
            from events where aggregate_type = 'reservation'
        ) as part
        group by token
    ), told as (
        select letter, token, recorded.token is not null as found
        from unnest($1::text[], $2::text[]) as told (letter, token)
        left join recorded using (token)
    )
    select (select count(*) from recorded where whole),
           (select count(*) from recorded where not whole),
           count(*) filter (where letter = 'a' and not found),
           count(*) filter (where letter in ('c', 'i', 'u') and found)
    from told";

fn run_program(server: &OwnServer, log: &Path, run: usize) -> Program {
    let mut command = children::ignored_test(&env::current_exe().unwrap(), PROGRAM);
    command.env(URL, server.url()).env(LOG, log).env(RUN, run.to_string());
    Program(command.spawn().unwrap())
}

#[tokio::test]
async fn kill_at_any_instant_loses_nothing_acknowledged_and_leaves_nothing_in_half() {
    let mut stage = Stage::set().await;
    for instant in 0..INSTANTS {
        let victim = Victim::of(instant);
        // Most are to hit a program at work, some one that has only begun.
        if fastrand::u8(0..4) > 0 {
            stage.wait_for_progress().await;
        }
        sleep(Duration::from_millis(fastrand::u64(0..80))).await;
        let began = Instant::now();
        stage.kill(victim).await;
        stage.bring_back(victim).await;
        println!("{instant}: {victim:?} back after {:?}", began.elapsed());
    }
    stage.program.kill();
    stage.assert_gapless().await;
    stage.assert_answers().await;
    stage.server.stop().await;
}
