use sqlx::PgPool;

/// Answers from the read models. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reads {
    pub(super) pool: PgPool,
}

impl Reads {
    /// Reads through a pool whose connections have the read models' schemas and `public` as their search path.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Returns the pool itself, for questions about the database rather than about what is in it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}
