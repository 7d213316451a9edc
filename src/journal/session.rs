//! The appender's session with the database.

use sqlx::{Connection, Executor, PgConnection, postgres::PgConnectOptions};

use super::known_heads::KnownHeads;

/// What the appender relies on, whatever the database's defaults: each statement sees what was committed before it, and
/// a process that freezes with the journal's lock in hand loses it. Its few statements are planned once.
const SETTINGS: &str = "
    set session characteristics as transaction isolation level read committed;
    set idle_in_transaction_session_timeout = '3s';
    set plan_cache_mode = force_generic_plan";

/// A connection, and where the streams end that were moved over it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) known: KnownHeads,
}

impl Session {
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connection = PgConnection::connect_with(options).await?;
        connection.execute(SETTINGS).await?;
        Ok(Self { connection, known: KnownHeads::default() })
    }
}
