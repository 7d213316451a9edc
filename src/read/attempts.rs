use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::{ReadError, Reads, grouped::grouped};
use crate::domain::OrderId;

/// One try of an order at a provider.
#[derive(Debug, Clone, FromRow)]
pub struct AttemptRow {
    /// Its id over all orders.
    pub attempt_id: Uuid,
    /// Whose try.
    pub order_id: Uuid,
    /// 1 for the order's first.
    pub number: i32,
    /// Who was asked.
    pub provider_id: Uuid,
    /// Which service was bought there.
    pub service_id: Uuid,
    /// In the word of `AttemptOutcome`.
    pub outcome: String,
    /// The provider's own words, or what went wrong on the way.
    pub reason: Option<String>,
    /// The provider's id of the order.
    pub api_order_id: Option<String>,
    /// Time to the answer, in milliseconds.
    pub response_ms: Option<i64>,
    /// When it was claimed.
    pub started_at: DateTime<Utc>,
}

impl Reads {
    /// Lists the attempts of each order, first to last; orders never attempted are absent.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn attempts(
        &self,
        orders: &[OrderId],
    ) -> Result<HashMap<OrderId, Vec<AttemptRow>>, ReadError> {
        let ids: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
        let rows: Vec<AttemptRow> = sqlx::query_as(
            "select a.attempt_id, a.order_id, a.number, a.provider_id, a.service_id, a.outcome, a.reason, a.api_order_id,
                    a.response_ms, a.started_at
             from unnest($1::uuid[]) as wanted (order_id)
             cross join lateral (
                 select * from attempts where order_id = wanted.order_id order by number
             ) as a
             order by a.order_id, a.number",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(grouped(rows, |row| OrderId(row.order_id)))
    }

    /// Finds the candidates and the choice of attempts, as recorded. They are larger than all the rest of an attempt, and
    /// seldom asked for, so they stand in the journal alone.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn decisions(
        &self,
        attempts: &[(OrderId, i32)],
    ) -> Result<HashMap<(OrderId, i32), Value>, ReadError> {
        let (orders, numbers): (Vec<Uuid>, Vec<i32>) =
            attempts.iter().map(|(order, number)| (order.0, *number)).unzip();
        let rows: Vec<(Uuid, i32, Value)> = sqlx::query_as(
            "select wanted.order_id, wanted.number, started.decision
             from unnest($1::uuid[], $2::int[]) as wanted (order_id, number)
             cross join lateral (
                 select payload -> 'decision' as decision
                 from attempts
                 join events on position = started_position
                 where order_id = wanted.order_id and number = wanted.number
                 limit 1
             ) as started",
        )
        .bind(orders)
        .bind(numbers)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id, number, found)| ((OrderId(id), number), found)).collect())
    }
}
