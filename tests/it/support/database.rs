//! A fresh database for each test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{process, thread};

use signalbox::domain::Position;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgPool};

use super::keeper::{TEMPLATE, shared_server};

/// An empty, migrated database of one test's own, dropped with this value.
pub(crate) struct TestDatabase {
    name: String,
    pool: PgPool,
}

impl TestDatabase {
    /// Copies the migrated template; about 60 ms.
    pub(crate) async fn create() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // The first one starts the server, and blocks while it does.
        let server = tokio::task::spawn_blocking(shared_server).await.unwrap();
        execute(server, &format!("create database {name} template {TEMPLATE}")).await.unwrap();
        let options = server.clone().database(&name);
        let pool = PgPoolOptions::new().max_connections(10).connect_lazy_with(options);
        Self { name, pool }
    }

    /// A pool of ten connections, opened as they are needed.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Fills the journal with so many events of no consequence; returns where it ends.
    pub(crate) async fn lengthen_journal(&self, events: i64) -> Position {
        lengthen_journal(&self.pool, events).await
    }

    /// How to connect to this database.
    pub(crate) fn options(&self) -> PgConnectOptions {
        shared_server().clone().database(&self.name)
    }

    /// The same as a value for `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        self.options().to_url_lossy().to_string()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("drop database if exists {} with (force)", self.name);
        // A thread with a runtime of its own, because this one's may be ending.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(execute(shared_server(), &statement)).map_err(std::io::Error::other)
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("the database {} was not dropped", self.name);
        }
    }
}

/// Appends so many events of which no built-in read model knows; returns where the journal ends.
pub(crate) async fn lengthen_journal(pool: &PgPool, events: i64) -> Position {
    let statement = format!(
        "insert into events
         select 'reservation', place::text, 1, 'Reserved', '1', '{{}}', '{{}}', place, now(), gen_random_uuid()
         from journal_head as head
         cross join generate_series(head.position + 1, head.position + {events}) as place;
         update journal_head set position = position + {events}, recorded_at = now();"
    );
    pool.execute(statement.as_str()).await.unwrap();
    let head = sqlx::query_scalar("select position from journal_head");
    Position(head.fetch_one(pool).await.unwrap())
}

async fn execute(server: &PgConnectOptions, statement: &str) -> sqlx::Result<()> {
    let mut connection = server.connect().await?;
    connection.execute(statement).await?;
    connection.close().await
}
