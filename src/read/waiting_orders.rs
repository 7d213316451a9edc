use super::{ReadError, Reads};

/// How many orders wait, and how many attempts that nobody waits for any more.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub struct WaitingOrders {
    /// For a provider to take them; `None` where it is not known.
    pub queued: Option<i64>,
    /// For somebody to settle them; `None` where it is not known.
    pub in_doubt: Option<i64>,
    /// Attempts that a policy gave up and that are still in doubt, whatever became of their orders; `None` where it is not
    /// known.
    pub given_up_attempts: Option<i64>,
}

impl Reads {
    /// Counts the orders that wait.
    ///
    /// # Errors
    /// [`ReadError`] where the database cannot be asked.
    pub async fn waiting_orders(&self) -> Result<WaitingOrders, ReadError> {
        let counts = sqlx::query_as(
            "select
                 (select count(*) from orders where status = 'QUEUED') as queued,
                 (select count(*) from orders where status = 'IN_DOUBT') as in_doubt,
                 (select count(*) from attempts where outcome = 'IN_DOUBT' and given_up) as given_up_attempts",
        );
        Ok(counts.fetch_one(&self.pool).await?)
    }
}
