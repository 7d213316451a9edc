use super::{ReadError, Reads};

/// How many orders wait.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub struct WaitingOrders {
    /// For a provider to take them; `None` where it is not known.
    pub queued: Option<i64>,
    /// For somebody to settle them; `None` where it is not known.
    pub in_doubt: Option<i64>,
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
                 (select count(*) from orders where status = 'IN_DOUBT') as in_doubt",
        );
        Ok(counts.fetch_one(&self.pool).await?)
    }
}
