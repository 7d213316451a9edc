//! What is in doubt.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::domain::{AttemptId, OrderId, ProviderId, ServiceId};

/// An attempt in doubt, as the read models have it.
#[derive(Debug, Clone, FromRow)]
pub(super) struct InDoubt {
    order_id: Uuid,
    attempt_id: Uuid,
    provider_id: Uuid,
    service_id: Uuid,
    pub(super) number: i32,
    pub(super) link: String,
    pub(super) quantity: i64,
    pub(super) started_at: DateTime<Utc>,
    /// Since when it is in doubt.
    pub(super) since: DateTime<Utc>,
    /// Whether its order waits for it no more.
    pub(super) given_up: bool,
}

impl InDoubt {
    pub(super) fn order(&self) -> OrderId {
        OrderId(self.order_id)
    }

    pub(super) fn attempt(&self) -> AttemptId {
        AttemptId(self.attempt_id)
    }

    /// The service that was ordered.
    pub(super) fn service(&self) -> ServiceId {
        ServiceId(self.service_id)
    }

    pub(super) fn provider(&self) -> ProviderId {
        ProviderId(self.provider_id)
    }
}

/// Lists the attempts in doubt, oldest first, those that were given up among them.
pub(super) async fn in_doubt(reads: &PgPool) -> Result<Vec<InDoubt>, sqlx::Error> {
    sqlx::query_as(
        "select a.order_id, a.attempt_id, a.provider_id, o.service_id, a.number, o.link, o.quantity, a.started_at,
                a.since, a.given_up
         from attempts a
         join orders o using (order_id)
         where a.outcome = 'IN_DOUBT'
         order by a.started_at",
    )
    .fetch_all(reads)
    .await
}
