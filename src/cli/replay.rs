//! `signalbox replay`: build read models anew from the journal.

use std::{path::PathBuf, str::FromStr};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use sqlx::PgPool;

use super::{
    installation::Installation,
    logging::{LogFormat, Logging},
    rebuild_progress::RebuildProgress,
};
use crate::{
    app::{Database, read_models},
    domain::Position,
    migration::{self, MigrationState},
    projection::{ModelSet, ReadModel, Replay as Rebuild, position_at, sweep},
};

const ABOUT: &str = "\
The tables are built beside the live ones, which serve readers until one moment,
and the new ones from then on; `signalbox serve` may run meanwhile. A killed
replay leaves the live tables as they were; what it had built is removed by the
next start or replay.

A changed file needs no replay: `serve` builds what it lacks by itself.

  signalbox replay                            all read models
  signalbox replay orders                     one of them
  signalbox replay orders --verify            compare only; ends with 1 on a difference
  signalbox replay orders --to 120000         as of a position, into a schema of its own
  signalbox replay --to 2026-11-01T00:00:00Z  as of a time";

/// Connections: the two that build, one that compares, one that looks things up.
const CONNECTIONS: u32 = 4;

/// Build read models anew from the journal, beside the live ones, and swap them in
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(super) struct Replay {
    /// Read model to build; all of them without it
    name: Option<String>,
    /// Stop at a position of the journal, or at a time as in RFC 3339, and leave the result in a schema of its own for
    /// inspection, without a swap
    #[arg(long, value_name = "POSITION|TIME", conflicts_with = "verify")]
    to: Option<Upto>,
    /// Compare the live tables with rebuilt ones row by row, print the first difference, and swap nothing
    #[arg(long)]
    verify: bool,
    /// Folder of read models that analysts add
    #[arg(long, env = "SIGNALBOX_READ_MODELS", value_name = "DIR")]
    read_models: Option<PathBuf>,
    #[command(flatten)]
    installation: Installation,
}

/// Where to stop.
#[derive(Debug, Clone, Copy)]
enum Upto {
    Position(Position),
    Time(DateTime<Utc>),
}

impl FromStr for Upto {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(position) = text.parse::<u32>() {
            return Ok(Self::Position(Position(position.into())));
        }
        text.parse().map(Self::Time).map_err(|_| {
            "give a position such as 120000, or a time such as 2026-11-01T00:00:00Z".to_owned()
        })
    }
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let _logging = Logging::start("warn", LogFormat::Text);
        let set = read_models(self.read_models.as_deref())?;
        let models = chosen(&set, self.name.as_deref())?;
        let database =
            Database::join(&self.installation.database()?, &self.installation.data_dir).await?;
        let done = self.replay(&database, &models).await;
        database.close().await;
        done
    }

    async fn replay(&self, database: &Database, models: &[ReadModel]) -> anyhow::Result<()> {
        let pool = database.pool(CONNECTIONS, "public", "signalbox replay");
        refuse_unmigrated(&pool).await?;
        for schema in sweep(&pool).await? {
            eprintln!("removed what an interrupted rebuild of {schema} had left");
        }
        let upto = match self.to {
            Some(Upto::Time(time)) => Some(position_at(&pool, time).await?),
            Some(Upto::Position(position)) => Some(position),
            None => None,
        };
        let mut different = 0;
        for model in models {
            match upto {
                Some(upto) => inspect(&pool, model, upto).await?,
                None if self.verify => {
                    let found = verify(&pool, model).await?;
                    different += u32::from(found == Found::Difference);
                }
                None => swap(&pool, model).await?,
            }
        }
        if different > 0 {
            bail!("{different} of {} read models differ from what the journal says", models.len());
        }
        Ok(())
    }
}

/// What a comparison came to.
#[derive(PartialEq, Eq)]
enum Found {
    NoDifference,
    Difference,
}

async fn swap(pool: &PgPool, model: &ReadModel) -> anyhow::Result<()> {
    let rebuild = Rebuild::begin(pool, model).await?;
    let mut progress = RebuildProgress::start(model.name(), head(pool).await?);
    let position = rebuild.swap(|step| progress.step(step)).await?;
    progress.done(position, &format!("swapped in as {}", model.schema()));
    Ok(())
}

async fn verify(pool: &PgPool, model: &ReadModel) -> anyhow::Result<Found> {
    let rebuild = Rebuild::begin(pool, model).await?;
    let mut progress = RebuildProgress::start(model.name(), head(pool).await?);
    let verdict = rebuild.verify(|step| progress.step(step)).await?;
    let Some(difference) = verdict.difference else {
        let rows = verdict.rows;
        progress.done(verdict.position, &format!("the live tables hold the same {rows} rows"));
        return Ok(Found::NoDifference);
    };
    progress.done(verdict.position, "the live tables differ");
    println!("{difference}");
    Ok(Found::Difference)
}

async fn inspect(pool: &PgPool, model: &ReadModel, upto: Position) -> anyhow::Result<()> {
    let rebuild = Rebuild::begin(pool, model).await?;
    let mut progress = RebuildProgress::start(model.name(), upto);
    let inspection = rebuild.inspect(upto, |step| progress.step(step)).await?;
    progress.done(upto, &format!("left in the schema {}", inspection.schema));
    for table in &inspection.tables {
        println!("  select * from {}.{table} limit 20;", inspection.schema);
    }
    println!("  drop schema {} cascade; -- when you are done", inspection.schema);
    Ok(())
}

/// Picks the read models that are meant.
fn chosen(set: &ModelSet, name: Option<&str>) -> anyhow::Result<Vec<ReadModel>> {
    let named = |known: &str| name.is_none_or(|name| name == known);
    let chosen: Vec<ReadModel> =
        set.models().iter().filter(|model| named(model.name())).cloned().collect();
    // A file that took the name of a built-in model is not what is meant by that name.
    let at_fault = set.refused().iter().find(|file| named(&file.name));
    match (name, at_fault) {
        (None, Some(file)) => bail!("{}", file.reason),
        (Some(_), Some(file)) if chosen.is_empty() => bail!("{}", file.reason),
        (Some(name), None) if chosen.is_empty() => {
            let names: Vec<&str> = set.models().iter().map(ReadModel::name).collect();
            bail!("there is no read model {name}; there are {}", names.join(", "))
        }
        _ => Ok(chosen),
    }
}

async fn refuse_unmigrated(pool: &PgPool) -> anyhow::Result<()> {
    let migrations = migration::state_of(pool).await?;
    if migrations.iter().any(|migration| migration.state != MigrationState::Applied) {
        bail!("the database has not the shape that this program needs: run `signalbox migrate`");
    }
    Ok(())
}

async fn head(pool: &PgPool) -> anyhow::Result<Position> {
    let head = sqlx::query_scalar("select position from journal_head").fetch_one(pool).await;
    head.map(Position).context("the journal cannot be read")
}
