//! Short numbers, drawn from database sequences in blocks.

use std::{collections::VecDeque, time::Duration};

use sqlx::PgPool;
use tokio::{sync::Mutex, time::timeout};

/// How many numbers are drawn at a time; those left at the end of the process are gaps.
const BLOCK: i64 = 64;

/// How long a turn may take to come.
const TURN_LIMIT: Duration = Duration::from_secs(5);

/// Numbers of one kind.
#[derive(Debug)]
pub(super) struct Numbers {
    pool: PgPool,
    draw: &'static str,
    drawn: Mutex<VecDeque<i64>>,
}

impl Numbers {
    pub(super) fn of_orders(pool: PgPool) -> Self {
        Self::new(pool, "select nextval('order_numbers') from generate_series(1, $1)")
    }

    pub(super) fn of_services(pool: PgPool) -> Self {
        Self::new(pool, "select nextval('service_numbers') from generate_series(1, $1)")
    }

    fn new(pool: PgPool, draw: &'static str) -> Self {
        Self { pool, draw, drawn: Mutex::default() }
    }

    /// Returns a number that nobody else has.
    pub(super) async fn next(&self) -> Result<i64, sqlx::Error> {
        // While the database is away everybody would wait for the turn of everybody before.
        let turn = timeout(TURN_LIMIT, self.drawn.lock()).await;
        let mut drawn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        loop {
            match drawn.pop_front() {
                Some(number) => return Ok(number),
                None => drawn.extend(self.block(BLOCK).await?),
            }
        }
    }

    /// Returns as many numbers as are asked for.
    pub(super) async fn block(&self, count: i64) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar(self.draw).bind(count).fetch_all(&self.pool).await
    }
}
