//! Which orders still depend on a provider or a service.

use std::collections::HashMap;

use sqlx::PgPool;

use crate::domain::{ProviderId, ServiceId};

/// Statuses of orders about which nothing more is to be asked.
const ENDED: [&str; 4] = ["COMPLETED", "PARTIAL", "CANCELED", "FAILED"];

/// Counts the open orders that a provider holds, may hold, or is being asked to take.
///
/// # Errors
/// The database's words.
pub async fn at_provider(reads: &PgPool, provider: ProviderId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(distinct o.order_id)
         from attempts a
         join orders o using (order_id)
         where a.provider_id = $1
           and a.outcome in ('STARTED', 'PLACED', 'IN_DOUBT')
           and coalesce(o.status_there, o.status) <> all($2)",
    )
    .bind(provider.0)
    .bind(ENDED)
    .fetch_one(reads)
    .await
}

/// Counts, for each service of a provider, the open orders of it: those that customers placed for it, and those for
/// which it stands in.
///
/// # Errors
/// The database's words.
pub async fn by_service(
    reads: &PgPool,
    provider: ProviderId,
) -> Result<HashMap<ServiceId, i64>, sqlx::Error> {
    let counts: Vec<(uuid::Uuid, i64)> = sqlx::query_as(
        "with concerned as (
             select o.service_id, o.order_id
             from orders o
             where o.status <> all($2)
             union
             select a.service_id, o.order_id
             from attempts a
             join orders o using (order_id)
             where a.provider_id = $1
               and a.outcome in ('STARTED', 'PLACED', 'IN_DOUBT')
               and coalesce(o.status_there, o.status) <> all($2)
         )
         select s.service_id, count(*)
         from concerned c
         join services s using (service_id)
         where s.provider_id = $1
         group by s.service_id",
    )
    .bind(provider.0)
    .bind(ENDED)
    .fetch_all(reads)
    .await?;
    Ok(counts.into_iter().map(|(id, count)| (ServiceId(id), count)).collect())
}
