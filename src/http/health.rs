use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sqlx::PgPool;
use tokio::time::timeout;

use super::state::App;
use crate::{
    domain::Position,
    migration::{self, Migration, MigrationState},
    process::DispatchStatus,
    projection::{Origin, ProjectionStatus, RebuildStatus},
};

/// How long the database may take to answer a probe.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the read models may take to fold what the journal holds at the moment of a probe.
const CATCH_UP: Duration = Duration::from_secs(1);

#[derive(Serialize)]
pub(super) struct Alive {
    alive: bool,
}

/// Whether the program can do its work, part by part.
#[derive(Serialize)]
pub(super) struct Readiness {
    ready: bool,
    database: Part,
    migrations: Part,
    /// Whether events are taken.
    journal: Part,
    projections: Vec<Model>,
    /// `elsewhere` where another process does it, which is no fault.
    dispatching: &'static str,
}

#[derive(Serialize)]
struct Part {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Model {
    name: String,
    ok: bool,
    /// Whether the program needs it. One that an analyst added does not make the program unready.
    needed: bool,
    position: i64,
    /// Positions of the journal that it has not folded.
    behind: i64,
    /// Where it stopped, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
    /// How far a copy has come that is to be, or to replace, its tables; or why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    rebuilding: Option<String>,
}

impl From<Result<(), String>> for Part {
    fn from(result: Result<(), String>) -> Self {
        Self { ok: result.is_ok(), reason: result.err() }
    }
}

/// Answers while the program is alive.
pub(super) async fn alive() -> Json<Alive> {
    Json(Alive { alive: true })
}

/// Tells, part by part, whether the program can do its work.
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
    let readiness = readiness(&app).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn readiness(app: &App) -> Readiness {
    let pool = app.backend.reads.pool();
    let database = in_time(reach(pool)).await;
    let migrations = match &database {
        Ok(()) => in_time(migrated(pool)).await,
        Err(_) => Err("the database does not answer".to_owned()),
    };
    let head = match &migrations {
        Ok(()) => in_time(journal_head(pool)).await,
        Err(reason) => Err(reason.clone()),
    };
    let projections = models(app, head.clone().ok()).await;
    let journal = takes_events(app);
    Readiness {
        ready: head.is_ok()
            && journal.is_ok()
            && projections.iter().all(|model| model.ok || !model.needed),
        database: database.into(),
        migrations: migrations.into(),
        journal: journal.into(),
        projections,
        dispatching: in_words(*app.dispatching.borrow()),
    }
}

fn in_words(status: DispatchStatus) -> &'static str {
    match status {
        DispatchStatus::Starting => "not yet",
        DispatchStatus::ElsewhereDispatched => "elsewhere",
        DispatchStatus::Dispatching => "here",
    }
}

fn takes_events(app: &App) -> Result<(), String> {
    match app.backend.commands.journal().state().borrow().refusal() {
        None => Ok(()),
        Some(reason) => Err(reason.to_owned()),
    }
}

async fn in_time<T>(question: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let answer = timeout(PATIENCE, question).await;
    answer.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}

async fn reach(pool: &PgPool) -> Result<(), String> {
    let answer = sqlx::query("select 1").execute(pool).await;
    answer.map(drop).map_err(|error| error.to_string())
}

async fn migrated(pool: &PgPool) -> Result<(), String> {
    let migrations = migration::state_of(pool).await.map_err(|error| error.to_string())?;
    let wrong = migrations.into_iter().find(|migration| migration.state != MigrationState::Applied);
    match wrong {
        None => Ok(()),
        Some(Migration { name, state: MigrationState::Altered }) => {
            Err(format!("migration {name} was applied as another text"))
        }
        Some(Migration { name, .. }) => {
            Err(format!("migration {name} is missing: run `signalbox migrate`"))
        }
    }
}

async fn journal_head(pool: &PgPool) -> Result<Position, String> {
    let head = sqlx::query_scalar("select position from journal_head").fetch_one(pool).await;
    head.map(Position).map_err(|error| error.to_string())
}

/// Under load the models are always a little behind, so they are given time to reach where the journal stood.
async fn models(app: &App, head: Option<Position>) -> Vec<Model> {
    let projections = &app.backend.projections;
    if let Some(head) = head
        && let Err(error) = projections.wait_for(head, CATCH_UP).await
    {
        tracing::debug!(%error, "a probe found read models behind");
    }
    projections.status().into_iter().map(|status| model(status, head)).collect()
}

fn model(status: ProjectionStatus, head: Option<Position>) -> Model {
    let behind = head.map_or(0, |head| (head.0 - status.position.0).max(0));
    Model {
        ok: behind == 0 && status.stopped.is_none() && status.rebuild.is_none(),
        needed: status.origin == Origin::BuiltIn,
        name: status.name,
        position: status.position.0,
        behind,
        stopped: status.stopped,
        rebuilding: status.rebuild.map(|rebuild| match rebuild {
            RebuildStatus::First(position) => format!("no tables yet, at position {position}"),
            RebuildStatus::Replacing(position) => {
                format!("the tables are those of an earlier text, at position {position}")
            }
            RebuildStatus::Failed(reason) => reason,
        }),
    }
}
