use sqlx::PgPool;

use crate::domain::routing::Strategy;

/// Answers from the read models. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reads {
    pub(super) pool: PgPool,
    pub(super) default_strategy: Strategy,
}

impl Reads {
    /// Reads through a pool whose connections have the read models' schemas and `public` as their search path.
    pub fn new(pool: PgPool) -> Self {
        Self { pool, default_strategy: Strategy::default() }
    }

    /// Sets the strategy of services without one of their own.
    #[must_use]
    pub fn with_default_strategy(self, default_strategy: Strategy) -> Self {
        Self { default_strategy, ..self }
    }

    /// Returns the strategy of services without one of their own.
    pub fn default_strategy(&self) -> Strategy {
        self.default_strategy
    }

    /// Returns the pool itself, for questions about the database rather than about what is in it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}
