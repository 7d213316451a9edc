//! What is in doubt, and what is known beside it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::domain::{AttemptId, OrderId, ProviderId};

/// An attempt in doubt, as the read models have it.
#[derive(Debug, Clone, FromRow)]
pub(super) struct InDoubt {
    order_id: Uuid,
    attempt_id: Uuid,
    provider_id: Uuid,
    pub(super) number: i32,
    pub(super) link: String,
    pub(super) quantity: i64,
    pub(super) started_at: DateTime<Utc>,
}

/// What is known of our own orders at a provider.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) claimed: BTreeSet<String>,
    pub(super) known_before: Option<String>,
    pub(super) rivals: usize,
}

impl InDoubt {
    pub(super) fn order(&self) -> OrderId {
        OrderId(self.order_id)
    }

    pub(super) fn attempt(&self) -> AttemptId {
        AttemptId(self.attempt_id)
    }

    pub(super) fn provider(&self) -> ProviderId {
        ProviderId(self.provider_id)
    }

    /// Looks up what is known of the provider's other orders, of which it lists some.
    pub(super) async fn known(
        &self,
        reads: &PgPool,
        listed: &[String],
    ) -> Result<Known, sqlx::Error> {
        Ok(Known {
            claimed: self.claimed(reads, listed).await?,
            known_before: self.known_before(reads).await?,
            rivals: self.rivals(reads).await?,
        })
    }

    async fn claimed(
        &self,
        reads: &PgPool,
        listed: &[String],
    ) -> Result<BTreeSet<String>, sqlx::Error> {
        let claimed: Vec<String> = sqlx::query_scalar(
            "select api_order_id
             from attempts
             where provider_id = $1
               and outcome in ('STARTED', 'PLACED', 'IN_DOUBT')
               and api_order_id = any($2)",
        )
        .bind(self.provider_id)
        .bind(listed)
        .fetch_all(reads)
        .await?;
        Ok(claimed.into_iter().collect())
    }

    async fn known_before(&self, reads: &PgPool) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(
            "select api_order_id
             from orders
             where provider_id = $1
               and api_order_id is not null
               and held_since < $2
             order by placed_position desc
             limit 1",
        )
        .bind(self.provider_id)
        .bind(self.started_at)
        .fetch_optional(reads)
        .await
    }

    async fn rivals(&self, reads: &PgPool) -> Result<usize, sqlx::Error> {
        let rivals: i64 = sqlx::query_scalar(
            "select count(*)
             from attempts a
             join orders o using (order_id)
             where a.provider_id = $1
               and a.outcome in ('STARTED', 'IN_DOUBT')
               and o.link = $2
               and a.attempt_id <> $3",
        )
        .bind(self.provider_id)
        .bind(&self.link)
        .bind(self.attempt_id)
        .fetch_one(reads)
        .await?;
        Ok(usize::try_from(rivals).unwrap_or(usize::MAX))
    }
}

/// Lists the attempts in doubt.
pub(super) async fn in_doubt(reads: &PgPool) -> Result<Vec<InDoubt>, sqlx::Error> {
    sqlx::query_as(
        "select a.order_id, a.attempt_id, a.provider_id, a.number, o.link, o.quantity, a.started_at
         from orders o
         join attempts a using (order_id)
         where o.status = 'IN_DOUBT'
           and a.outcome = 'IN_DOUBT'
         order by o.placed_position",
    )
    .fetch_all(reads)
    .await
}
