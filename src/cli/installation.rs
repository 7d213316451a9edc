//! What every subcommand that uses the database needs to know.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use sqlx::postgres::PgConnectOptions;

use crate::{app::DatabaseConfig, postgres::Durability};

/// Where the installation keeps its data.
#[derive(Debug, Args)]
pub(super) struct Installation {
    /// PostgreSQL to use, as a URL; without it the program runs a private one in its data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// Folder for the private PostgreSQL and the key that seals provider keys
    #[arg(long, env = "SIGNALBOX_DATA_DIR", value_name = "DIR", default_value = "./data")]
    pub(super) data_dir: PathBuf,
}

impl Installation {
    pub(super) fn database(&self) -> anyhow::Result<DatabaseConfig> {
        let Some(url) = self.database_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(DatabaseConfig::Private(Durability::Durable));
        };
        let options: PgConnectOptions = url
            .parse()
            .context("DATABASE_URL is not a URL such as postgres://user@host/database")?;
        let durability = Durability::Durable;
        Ok(DatabaseConfig::External { options: Box::new(options), durability })
    }
}
