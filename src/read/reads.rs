use sqlx::{PgPool, postgres::PgConnectOptions};

/// Answers from the read models. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reads {
    pub(super) pool: PgPool,
}

impl Reads {
    /// Returns how to connect so that tables are found along a search path.
    pub fn options(options: PgConnectOptions, search_path: &str) -> PgConnectOptions {
        // The server splits start-up options at spaces.
        options.options([("search_path", search_path.replace(' ', ""))])
    }

    /// Reads through a pool of connections made with [`options`](Self::options), along the read models' schemas and
    /// `public`.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Returns the pool itself, for questions about the database rather than about what is in it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}
