use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::{Instant, sleep};
use tracing::log::LevelFilter;

use super::DatabaseConfig;
use crate::postgres::{
    Durability, PostgresError, PrivatePostgres, Settings, create_data_folder, mark_external,
};
use crate::{migration::MIGRATOR, outage::is_outage};

/// How long a connection may be waited for: by then the caller is better told.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// How long a database may take to start.
const START_LIMIT: Duration = Duration::from_secs(10);
/// Between two tries to reach it.
const START_PAUSE: Duration = Duration::from_secs(1);
/// A connection that was idle for longer is tried before it is used; one that was in use just now is taken at its word,
/// which spares every statement a round trip.
const TRUSTED_IDLE: Duration = Duration::from_millis(500);
/// Statements that take longer are logged.
const SLOW: Duration = Duration::from_secs(1);

/// A database in use.
#[derive(Debug)]
pub struct Database {
    options: PgConnectOptions,
    private: Option<PrivatePostgres>,
    pools: Mutex<Vec<(String, PgPool)>>,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The private one does not run.
    #[error(transparent)]
    Private(#[from] PostgresError),
    /// It cannot be reached or refuses.
    #[error("the database cannot be used: {0}")]
    Unreachable(#[from] sqlx::Error),
    /// It cannot be brought to the shape that this program needs.
    #[error("the database cannot be migrated: {0}")]
    Migration(#[from] MigrateError),
    /// A crash of its machine would lose what was acknowledged.
    #[error("the database runs with fsync = off, so a crash would lose orders: switch it on")]
    NotDurable,
}

impl Database {
    /// Starts or reaches the database.
    ///
    /// # Errors
    /// [`DatabaseError`] says what is in the way.
    pub async fn open(config: &DatabaseConfig, data_dir: &Path) -> Result<Self, DatabaseError> {
        create_data_folder(data_dir)?;
        match config {
            DatabaseConfig::Private(durability) => {
                let settings = Settings { durability: *durability, ..Settings::default() };
                let private = PrivatePostgres::start_with(data_dir, settings).await?;
                let database = Self::new(private.options(), Some(private));
                match database.refuse_volatile(*durability).await {
                    Ok(()) => Ok(database),
                    Err(error) => {
                        database.close().await;
                        Err(error)
                    }
                }
            }
            DatabaseConfig::External { options, durability } => {
                let database = Self::new((**options).clone(), None);
                database.refuse_volatile(*durability).await?;
                mark_external(data_dir)?;
                Ok(database)
            }
        }
    }

    /// Opens as [`open`](Self::open) does; where another program runs the private database, uses that and leaves it running.
    ///
    /// # Errors
    /// [`DatabaseError`] says what is in the way.
    pub async fn join(config: &DatabaseConfig, data_dir: &Path) -> Result<Self, DatabaseError> {
        match Self::open(config, data_dir).await {
            Err(DatabaseError::Private(in_use @ PostgresError::InUse { .. })) => {
                let running = PrivatePostgres::running(data_dir).await?;
                let options = running.ok_or(in_use)?;
                Ok(Self::new(options, None))
            }
            answer => answer,
        }
    }

    fn new(options: PgConnectOptions, private: Option<PrivatePostgres>) -> Self {
        Self { options, private, pools: Mutex::default() }
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone().log_slow_statements(LevelFilter::Warn, SLOW)
    }

    /// Makes a pool whose connections look for tables along `search_path`.
    pub fn pool(&self, size: u32, search_path: &str, name: &str) -> PgPool {
        let options = self.options().options([("search_path", search_path)]);
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .before_acquire(|connection, known| {
                Box::pin(async move {
                    if known.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options.application_name(name));
        self.pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((name.to_owned(), pool.clone()));
        pool
    }

    /// Returns the pools made so far that are open, by name.
    pub fn pools(&self) -> Vec<(String, PgPool)> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.iter().filter(|(_, pool)| !pool.is_closed()).cloned().collect()
    }

    /// Applies the migrations that are missing.
    ///
    /// # Errors
    /// [`DatabaseError::Migration`] where one fails, or was applied as another text.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        let pool = self.pool(1, "public", "signalbox migrate");
        let migrated = MIGRATOR.run(&pool).await;
        pool.close().await;
        Ok(migrated?)
    }

    /// Closes all pools, and ends a private database with the program; an external one is left alone.
    pub async fn close(self) {
        for (_, pool) in self.pools.into_inner().unwrap_or_else(PoisonError::into_inner) {
            pool.close().await;
        }
        if let Some(private) = self.private {
            private.stop().await;
        }
    }

    /// Connects; a database that is still starting, like the one of a machine that is, is waited for.
    async fn reached(&self) -> Result<PgConnection, sqlx::Error> {
        let give_up_at = Instant::now() + START_LIMIT;
        loop {
            match self.options.connect().await {
                Err(error) if is_outage(&error) && Instant::now() < give_up_at => {
                    tracing::info!(%error, "waiting for the database");
                    sleep(START_PAUSE).await;
                }
                connected => return connected,
            }
        }
    }

    async fn refuse_volatile(&self, durability: Durability) -> Result<(), DatabaseError> {
        let mut connection = self.reached().await?;
        let fsync: String = sqlx::query_scalar("select current_setting('fsync')")
            .fetch_one(&mut connection)
            .await?;
        match (fsync.as_str(), durability) {
            ("off", Durability::Durable) => Err(DatabaseError::NotDurable),
            _ => Ok(()),
        }
    }
}
