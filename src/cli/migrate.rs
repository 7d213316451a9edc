//! `signalbox migrate`: bring a database to the shape that this program needs.

use anyhow::bail;
use clap::Args;

use super::{installation::Installation, logging};
use crate::app::{Database, Migration, migration_state};

/// Apply the migrations that are missing (`serve` does so by itself)
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    installation: Installation,
    /// Only say what is missing; ends with 1 where anything is
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        logging::start("warn");
        let database =
            Database::open(&self.installation.database()?, &self.installation.data_dir).await?;
        let done = self.migrate(&database).await;
        database.close().await;
        done
    }

    async fn migrate(&self, database: &Database) -> anyhow::Result<()> {
        let before = migration_state(database).await?;
        let missing: Vec<&Migration> =
            before.iter().filter(|migration| !migration.applied).collect();
        if !self.check {
            database.migrate().await?;
        }
        for migration in &before {
            let state = match (migration.applied, self.check) {
                (true, _) => "already applied",
                (false, true) => "missing",
                (false, false) => "applied now",
            };
            println!("{:<28} {state}", migration.name);
        }
        if self.check && !missing.is_empty() {
            bail!("{} migrations are missing: run `signalbox migrate`", missing.len());
        }
        Ok(())
    }
}
