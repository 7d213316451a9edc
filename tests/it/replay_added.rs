//! What analysts add appears as tables, and what they get wrong stops alone.

use std::{fs, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox::projection::{
    BuildStep, ModelSet, ProjectionStatus, ReadModels, RebuildStatus, Replay,
};
use sqlx::{Executor, PgPool};
use tempfile::TempDir;
use test_case::test_case;

use crate::{
    projections::{Running, contents},
    projections_history::History,
    support::{database::TestDatabase, running::Running as Program},
};

const DOCS: &str = include_str!("../../docs/PROJECTIONS.md");

/// The example of docs/PROJECTIONS.md, as it stands there.
fn example() -> String {
    let (_, rest) = DOCS.split_once("```sql\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    text.lines().map(|line| line.strip_prefix("   ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn counter(name: &str, then: &str) -> String {
    format!(
        "create table {name} (position bigint primary key);
         create function fold(after_position bigint, upto_position bigint) returns void
         language plpgsql as $$
         begin
             insert into {name} select position from events
             where position > after_position and position <= upto_position;
             {then}
         end
         $$;"
    )
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(format!("{name}.sql")), text).unwrap();
    }
    folder
}

/// The program's own models and those of the folder.
fn models(folder: &TempDir) -> ModelSet {
    ModelSet::from(ReadModels::embedded()).with_folder(folder.path()).unwrap()
}

async fn status_of(
    running: &Running,
    name: &str,
    is_so: impl Fn(&ProjectionStatus) -> bool,
) -> ProjectionStatus {
    let mut progress = running.projections.subscribe();
    let find = |models: &Vec<ProjectionStatus>| models.iter().find(|m| m.name == name).cloned();
    let models = progress.wait_for(|models| find(models).is_some_and(|model| is_so(&model)));
    let models = tokio::time::timeout(Duration::from_secs(60), models).await.unwrap().unwrap();
    find(&models).unwrap()
}

async fn rows(pool: &PgPool, table: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn example_of_the_docs_becomes_a_table_and_stays_current() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let mut history = History::new(51, 2_000);
    let end = history.append(pool, 900).await;
    let folder = folder(&[("refusal_reasons", &example())]);
    let set = models(&folder);
    let running = Running::start(&database, set.clone()).await;
    status_of(&running, "refusal_reasons", |model| model.position >= end).await;
    let end = history.append_all(pool).await;
    running.head.send_replace(end);
    status_of(&running, "refusal_reasons", |model| model.position >= end).await;
    let (counted, refused): (i64, i64) = sqlx::query_as(
        "select (select sum(count)::bigint from refusal_reasons.refusal_reasons),
                (select count(*) from events where event_type = 'AttemptRefused')",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(refused > 20, "{refused} refusals");
    assert_eq!(counted, refused);

    let model = set.models().iter().find(|model| model.name() == "refusal_reasons").unwrap();
    let verdict = Replay::begin(pool, model).await.unwrap().verify(|_| {}).await.unwrap();
    assert_eq!(verdict.difference, None);
    let before = contents(pool, "refusal_reasons").await;
    Replay::begin(pool, model).await.unwrap().swap(|_| {}).await.unwrap();
    assert_eq!(contents(pool, "refusal_reasons").await, before);
    let end = database.lengthen_journal(5).await;
    status_of(&running, "refusal_reasons", |model| model.position >= end).await;
    let anybody_folds = "select has_function_privilege(
         'pg_monitor', 'refusal_reasons.fold(bigint, bigint)', 'execute')";
    assert!(!sqlx::query_scalar::<_, bool>(anybody_folds).fetch_one(pool).await.unwrap());
}

#[test_case("crate table typos ()", "syntax error" ; "a typo")]
#[test_case("create table t (); commit;", "must not begin or end transactions" ; "a commit")]
#[test_case("create table t ();", "does not exist" ; "no fold")]
#[test_case("create table public.mine ();", "permission denied" ; "a table elsewhere")]
#[test_case("drop table events cascade;", "must be owner" ; "a drop of the journal")]
#[tokio::test]
async fn file_that_the_database_refuses_is_left_out_alone(text: &str, words: &str) {
    let database = TestDatabase::create().await;
    let end = History::new(52, 300).append_all(database.pool()).await;
    let running = Running::start(&database, models(&folder(&[("mistake", text)]))).await;
    let status = status_of(&running, "mistake", |model| model.stopped.is_some()).await;
    assert!(status.stopped.as_ref().unwrap().contains(words), "{status:?}");
    running.caught_up(end).await;
    let schemas = "pg_namespace where nspname like 'mistake%'";
    assert_eq!(rows(database.pool(), schemas).await, 0);
}

#[test_case("perform 1 / (upto_position - 2);", "position 2: division by zero" ; "fails")]
#[test_case("delete from events;", "position 1: permission denied for table events" ; "deletes events")]
#[test_case("perform pg_sleep(6) where upto_position > 1;",
    "position 2: canceling statement due to statement timeout" ; "takes its time")]
#[tokio::test]
async fn fold_at_fault_stops_alone(then: &str, reason: &str) {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(2).await;
    let text = counter("mistake", then);
    let running = Running::start(&database, models(&folder(&[("mistake", &text)]))).await;
    running.caught_up(end).await;
    let status = status_of(&running, "mistake", |model| {
        model.stopped.as_deref() == Some(reason) && model.rebuild.is_none()
    });
    status.await;
    let end = database.lengthen_journal(1).await;
    running.caught_up(end).await;
    assert_eq!(rows(database.pool(), "events").await, end.0);
}

/// The fold that waits for a lock of ours, and since when.
async fn held_up(pool: &PgPool) -> Option<(i32, DateTime<Utc>)> {
    sqlx::query_as(
        "select pid, query_start from pg_stat_activity
         where datname = current_database() and wait_event = 'advisory'",
    )
    .fetch_optional(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn added_model_that_is_slow_does_not_hold_up_the_programs_own() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let text = counter("slow", "perform pg_advisory_xact_lock(7) where upto_position > 1;");
    let running = Running::start(&database, models(&folder(&[("slow", &text)]))).await;
    let end = database.lengthen_journal(1).await;
    running.head.send_replace(end);
    status_of(&running, "slow", |model| model.position >= end).await;
    let mut holder = pool.acquire().await.unwrap();
    holder.execute("select pg_advisory_lock(7)").await.unwrap();
    running.head.send_replace(database.lengthen_journal(1).await);
    let slow = loop {
        match held_up(pool).await {
            Some(slow) => break slow,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    let end = database.lengthen_journal(1).await;
    running.head.send_replace(end);
    for model in ReadModels::embedded() {
        status_of(&running, model.name(), |model| model.position >= end).await;
    }
    assert_eq!(held_up(pool).await, Some(slow), "they did not wait for it");
    holder.execute("select pg_advisory_unlock(7)").await.unwrap();
    status_of(&running, "slow", |model| model.position >= end).await;
}

#[tokio::test]
async fn names_that_are_taken_are_refused() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    pool.execute("create schema theirs; create table theirs.kept ();").await.unwrap();
    let text = counter("t", "");
    let running =
        Running::start(&database, models(&folder(&[("orders", &text), ("theirs", &text)]))).await;
    let refused: Vec<_> = running.projections.status().into_iter().rev().take(2).collect();
    let reasons: Vec<&str> = refused.iter().map(|m| m.stopped.as_deref().unwrap()).collect();
    assert!(
        reasons
            .contains(&"orders is a read model of the program's own: give orders.sql another name"),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("a schema theirs that is not this read model's")),
        "{reasons:?}"
    );
    assert_eq!(rows(pool, "theirs.kept").await, 0);
}

#[tokio::test]
async fn processes_that_start_at_once_with_many_added_models_all_start() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(20).await;
    let texts: Vec<_> = (0..6).map(|n| (format!("m{n}"), counter(&format!("m{n}"), ""))).collect();
    let files: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = folder(&files);
    let (one, other, third) = tokio::join!(
        Running::start(&database, models(&folder)),
        Running::start(&database, models(&folder)),
        Running::start(&database, models(&folder))
    );
    for running in [&one, &other, &third] {
        for (name, _) in &files {
            status_of(running, name, |model| model.rebuild.is_none() && model.position >= end)
                .await;
        }
    }
    assert_eq!(rows(database.pool(), "m5.m5").await, end.0);
}

#[tokio::test]
async fn changed_file_replaces_the_tables_and_the_old_ones_serve_until_then() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let end = database.lengthen_journal(1_000).await;
    let old = models(&folder(&[("counts", &counter("counts", ""))]));
    let running = Running::start(&database, old).await;
    status_of(&running, "counts", |model| model.position >= end).await;
    drop(running);

    let text = counter("counts", "perform pg_sleep(2) where upto_position >= 1000;")
        .replace("(position bigint primary key)", "(position bigint primary key, twice bigint)");
    let running = Running::start(&database, models(&folder(&[("counts", &text)]))).await;
    let status = status_of(&running, "counts", |model| model.rebuild.is_some()).await;
    assert!(matches!(status.rebuild, Some(RebuildStatus::Replacing(_))), "{status:?}");
    let end = database.lengthen_journal(10).await;
    status_of(&running, "counts", |model| model.position >= end).await;
    assert!(sqlx::query("select twice from counts.counts").fetch_one(pool).await.is_err());
    assert_eq!(rows(pool, "counts.counts").await, end.0);
    status_of(&running, "counts", |model| model.rebuild.is_none()).await;
    sqlx::query("select twice from counts.counts").fetch_one(pool).await.unwrap();
    let end = database.lengthen_journal(10).await;
    status_of(&running, "counts", |model| model.position >= end).await;
    assert_eq!(rows(pool, "counts.counts").await, end.0);
}

/// A counter that says it may be folded in any order, and which session folded what.
fn counter_in_any_order(then: &str) -> String {
    let text = counter("counts", then);
    let text = text.replace("primary key)", "primary key, pid int default pg_backend_pid())");
    let text = text.replace("counts select", "counts (position) select");
    format!("-- ranges: in any order\n{text}")
}

#[tokio::test]
async fn ranges_in_any_order_are_rebuilt_side_by_side() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let end = database.lengthen_journal(12_001).await;
    let set = models(&folder(&[("counts", &counter_in_any_order(""))]));
    let model = set.models().iter().find(|model| model.name() == "counts").unwrap();
    let mut folded = vec![];
    let position = Replay::begin(pool, model).await.unwrap().swap(|step| folded.push(step)).await;
    assert_eq!(position.unwrap(), end);
    assert_eq!(folded.iter().filter(|step| matches!(step, BuildStep::Folded(_))).count(), 2);
    let query = "select count(*), count(distinct pid) from counts.counts";
    let counted: (i64, i64) = sqlx::query_as(query).fetch_one(pool).await.unwrap();
    assert_eq!(counted, (end.0, 2));
}

#[tokio::test]
async fn ranges_in_any_order_stop_right_before_the_event_at_fault() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(12_000).await;
    let text =
        counter_in_any_order("perform 1 / (position - 7000) from counts where position = 7000;");
    let running = Running::start(&database, models(&folder(&[("counts", &text)]))).await;
    running.caught_up(end).await;
    status_of(&running, "counts", |model| {
        model.stopped.as_deref() == Some("position 7000: division by zero")
            && model.rebuild.is_none()
    })
    .await;
    assert_eq!(rows(database.pool(), "counts.counts").await, 6_999);
}

#[tokio::test]
async fn changed_file_at_fault_leaves_the_old_tables_and_they_are_kept() {
    let database = TestDatabase::create().await;
    let end = database.lengthen_journal(100).await;
    let old = models(&folder(&[("counts", &counter("counts", ""))]));
    let running = Running::start(&database, old).await;
    status_of(&running, "counts", |model| model.position >= end).await;
    drop(running);

    let text = counter(
        "counts",
        "if after_position < 50 and upto_position >= 50 then raise exception 'no such day'; end if;",
    );
    let running = Running::start(&database, models(&folder(&[("counts", &text)]))).await;
    let failed =
        |model: &ProjectionStatus| matches!(&model.rebuild, Some(RebuildStatus::Failed(_)));
    let status = status_of(&running, "counts", failed).await;
    let Some(RebuildStatus::Failed(reason)) = status.rebuild else { unreachable!() };
    assert!(reason.contains("position 50: no such day"), "{reason}");
    let end = database.lengthen_journal(10).await;
    status_of(&running, "counts", |model| model.position >= end).await;
    assert_eq!(rows(database.pool(), "counts.counts").await, end.0);
}

#[tokio::test]
async fn mistake_shows_in_readyz_and_the_program_is_ready_all_the_same() {
    let folder = folder(&[("mistake", "crate table typos ()"), ("fine", &counter("fine", ""))]);
    let program = Program::start_with(|config| {
        config.read_models = Some(folder.path().to_owned());
    })
    .await;
    program.dispatches().await;
    let mut readiness = program.readiness().await;
    while readiness["ready"] != true {
        tokio::time::sleep(Duration::from_millis(50)).await;
        readiness = program.readiness().await;
    }
    let model = |name: &str| -> Value {
        let models = readiness["projections"].as_array().unwrap();
        models.iter().find(|model| model["name"] == name).unwrap().clone()
    };
    assert_eq!(model("mistake")["ok"], false);
    assert_eq!(model("mistake")["needed"], false);
    let reason = model("mistake")["stopped"].as_str().unwrap().to_owned();
    assert!(reason.contains("correct mistake.sql"), "{reason}");
    assert_eq!(model("fine")["stopped"], Value::Null);
    assert_eq!(model("orders")["needed"], true);
}
