//! `signalbox migrate`: bring a database to the shape that this program needs.

use anyhow::bail;
use clap::Args;

use super::{
    installation::Installation,
    logging::{LogFormat, Logging},
};
use crate::{
    app::Database,
    migration::{self, MigrationState},
};

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
        let _logging = Logging::start("warn", LogFormat::Text);
        let database =
            Database::open(&self.installation.database()?, &self.installation.data_dir).await?;
        let done = self.migrate(&database).await;
        database.close().await;
        done
    }

    async fn migrate(&self, database: &Database) -> anyhow::Result<()> {
        let pool = database.pool(1, "public", "signalbox migrate");
        let before = migration::state_of(&pool).await?;
        pool.close().await;
        if !self.check {
            database.migrate().await?;
        }
        let mut wrong = 0;
        for migration in &before {
            let state = match (migration.state, self.check) {
                (MigrationState::Applied, _) => "already applied",
                (MigrationState::Missing, false) => "applied now",
                (MigrationState::Missing, true) => "missing",
                (MigrationState::Altered, _) => "applied as another text",
            };
            wrong += usize::from(migration.state != MigrationState::Applied);
            println!("{:<28} {state}", migration.name);
        }
        if self.check && wrong > 0 {
            bail!("{wrong} migrations are not as they should be: run `signalbox migrate`");
        }
        Ok(())
    }
}
