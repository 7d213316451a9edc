//! The shape of the database: what `migrations/` brings it to, and how far it has been brought.

use std::collections::HashMap;

use sqlx::{PgPool, migrate::Migrator};

/// The files of `migrations/`, as they were when the program was built.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// One migration, as a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Number and name.
    pub name: String,
    /// How the database has it.
    pub state: MigrationState,
}

/// How a database has a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// As this program knows it.
    Applied,
    /// As another text: by a program that was built from other files.
    Altered,
    /// Not at all.
    Missing,
}

/// Lists the migrations, oldest first.
///
/// # Errors
/// The database's words where it cannot be asked.
pub async fn state_of(pool: &PgPool) -> Result<Vec<Migration>, sqlx::Error> {
    let known: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(pool)
        .await?;
    let applied: HashMap<i64, Vec<u8>> = match known {
        false => HashMap::new(),
        true => sqlx::query_as::<_, (i64, Vec<u8>)>(
            "select version, checksum from _sqlx_migrations where success",
        )
        .fetch_all(pool)
        .await?
        .into_iter()
        .collect(),
    };
    let migrations = MIGRATOR.iter().map(|migration| Migration {
        name: format!("{:04} {}", migration.version, migration.description),
        state: match applied.get(&migration.version) {
            None => MigrationState::Missing,
            Some(checksum) if **checksum == *migration.checksum => MigrationState::Applied,
            Some(_) => MigrationState::Altered,
        },
    });
    Ok(migrations.collect())
}
