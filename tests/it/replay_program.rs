//! `signalbox replay` as operators run it, and as they kill it.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use signalbox::{postgres::Durability, projection::ReadModels};
use sqlx::{Executor, PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    projections::contents,
    support::{api::until, database::lengthen_journal, program::Program, server::OwnServer},
};

/// Takes half a second for each batch, so that there is a middle in which to be killed.
const COUNTS: &str = "
    create table counts (position bigint primary key);
    create function fold(after_position bigint, upto_position bigint) returns void
    language plpgsql as $$
    begin
        insert into counts select position from events
        where position > after_position and position <= upto_position;
        perform pg_sleep(0.5);
    end
    $$;";

/// A database, a folder with one added model, and the program to run on them.
struct Place {
    server: OwnServer,
    pool: PgPool,
    data: TempDir,
    files: TempDir,
}

impl Place {
    async fn new(events: i64) -> Self {
        let server = OwnServer::start(Durability::Durable).await;
        let pool = PgPoolOptions::new().connect_with(server.options()).await.unwrap();
        lengthen_journal(&pool, events).await;
        let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(files.path().join("counts.sql"), COUNTS).unwrap();
        Self { server, pool, data, files }
    }

    fn replay(&self, arguments: &[&str]) -> Command {
        let mut command = replay(self.server.url(), self.data.path());
        command.arg("--read-models").arg(self.files.path()).args(arguments);
        command
    }

    async fn end(mut self) {
        self.pool.close().await;
        self.server.stop().await;
    }
}

fn replay(database_url: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command
        .arg("replay")
        .env("DATABASE_URL", database_url)
        .env("SIGNALBOX_DATA_DIR", data)
        .stdin(Stdio::null());
    command
}

/// Runs it off the threads of the test; returns its exit code and what it wrote.
async fn run(mut command: Command) -> (Option<i32>, String) {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let Output { status, stdout, stderr } = output;
    let written = [stdout, stderr].concat();
    (status.code(), String::from_utf8(written).unwrap())
}

#[tokio::test]
async fn crash_in_the_middle_of_a_replay_leaves_the_live_tables_and_nothing_that_is_not_swept() {
    let place = Place::new(100_000).await;
    let (code, written) = run(place.replay(&["counts"])).await;
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("counts: swapped in as counts; 100,000 events in "), "{written}");
    place.pool.execute("update counts.counts set position = -1 where position = 7").await.unwrap();
    let live = contents(&place.pool, "counts").await;

    let mut died_in_the_middle = 0;
    for round in 0..12 {
        let mut killed = place
            .replay(&["counts", "--verify"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(90 * round)).await;
        killed.kill().unwrap();
        killed.wait().unwrap();
        assert_eq!(contents(&place.pool, "counts").await, live);
        let left: i64 = sqlx::query_scalar("select count(*) from projection_rebuilds")
            .fetch_one(&place.pool)
            .await
            .unwrap();
        died_in_the_middle += left;
        until("the database has noticed", async || {
            signalbox::projection::sweep(&place.pool).await.unwrap().len() as i64 == left
        })
        .await;
    }
    assert!(died_in_the_middle > 2, "{died_in_the_middle}");
    assert_eq!(contents(&place.pool, "counts").await, live);
    let (code, written) = run(place.replay(&["counts"])).await;
    assert_eq!(code, Some(0), "{written}");
    let schemas: Vec<String> = sqlx::query_scalar(
        "select nspname::text from pg_namespace where nspname like 'counts%'
         union all select schema_name from projection_rebuilds",
    )
    .fetch_all(&place.pool)
    .await
    .unwrap();
    assert_eq!(schemas, ["counts"]);
    place.end().await;
}

#[tokio::test]
async fn verify_ends_with_one_on_a_difference_and_the_past_says_how_it_is_read() {
    let place = Place::new(3_000).await;
    let (code, written) = run(place.replay(&[])).await;
    assert_eq!(code, Some(0), "{written}");
    assert_eq!(
        written.matches(" events in ").count(),
        ReadModels::embedded().len() + 1,
        "{written}"
    );

    let (code, written) = run(place.replay(&["--verify"])).await;
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("counts: the live tables hold the same 3000 rows"), "{written}");
    place.pool.execute("delete from counts.counts where position = 12").await.unwrap();
    let (code, written) = run(place.replay(&["counts", "--verify"])).await;
    assert_eq!(code, Some(1), "{written}");
    assert!(written.contains("counts, position 12: missing in the live table"), "{written}");
    assert!(written.contains("1 of 1 read models differ"), "{written}");

    let (code, written) = run(place.replay(&["counts", "--to", "1200"])).await;
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("select * from counts_at_1200.counts limit 20;"), "{written}");
    assert_eq!(contents(&place.pool, "counts_at_1200").await["counts"].len(), 1200);
    let (code, written) = run(place.replay(&["counts", "--to", "2001-01-01T00:00:00Z"])).await;
    assert_eq!(code, Some(0), "{written}");
    assert_eq!(contents(&place.pool, "counts_at_0").await["counts"].len(), 0);
    for (arguments, words) in [
        (vec!["nothing"], "there is no read model nothing; there are alerts, attempts,"),
        (vec!["counts", "--to", "3001"], "position 3001 is beyond the end of the journal, 3000"),
        (vec!["counts", "--to", "soon"], "give a position such as"),
    ] {
        let (code, written) = run(place.replay(&arguments)).await;
        assert!(code != Some(0) && written.contains(words), "{written}");
    }
    place.end().await;
}

#[tokio::test]
async fn replay_runs_beside_a_program_with_a_private_postgres() {
    use std::os::unix::fs::PermissionsExt;
    // PostgreSQL's account must be able to enter.
    let mode = fs::Permissions::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::start(&data, "");
    program.dispatches("here").await;
    let (code, written) = run(replay("", &data)).await;
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("orders: swapped in as orders_"), "{written}");
    assert_eq!(program.api().readiness().await["database"]["ok"], true);
    assert!(program.terminate().await);
}
