use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads, grouped::grouped};
use crate::domain::OrderId;

/// A refill that a provider took.
#[derive(Debug, Clone, FromRow)]
pub struct RefillRow {
    /// Of which order.
    pub order_id: Uuid,
    /// The provider's id of it.
    pub refill_id: String,
    /// In the word of `RefillStatus`.
    pub status: String,
    /// The provider's own word, once it was asked.
    pub provider_status: Option<String>,
    /// When the provider took it.
    pub requested_at: DateTime<Utc>,
}

impl Reads {
    /// Lists the refills of each order, oldest first; orders without one are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn refills(
        &self,
        orders: &[OrderId],
    ) -> Result<HashMap<OrderId, Vec<RefillRow>>, ReadError> {
        let ids: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
        let rows: Vec<RefillRow> = sqlx::query_as(
            "select r.order_id, r.refill_id, r.status, r.provider_status, r.requested_at
             from unnest($1::uuid[]) as wanted (order_id)
             cross join lateral (select * from refills where order_id = wanted.order_id) as r
             order by r.order_id, r.requested_at, r.refill_id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(grouped(rows, |row| OrderId(row.order_id)))
    }
}
