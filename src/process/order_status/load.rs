//! What a new tenure has to watch.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    poll::StatusPollNeeds,
    schedule::Schedule,
    watch::{Subject, Watch},
};
use crate::{
    command::CommandError,
    domain::{OrderId, Position, ProviderId},
};

#[derive(Debug, FromRow)]
struct Row {
    order_id: Uuid,
    provider_id: Uuid,
    id_there: String,
    since: DateTime<Utc>,
}

/// Returns what is to be watched, and up to which position of the journal that is known.
pub(super) async fn schedule(
    needs: &StatusPollNeeds,
) -> Result<(Schedule, Position), CommandError> {
    let upto = needs.commands.read_models_current(&["orders", "refills"]).await?;
    let (mut schedule, now) = (Schedule::new(needs.pace), Instant::now());
    for row in orders(needs).await? {
        schedule.resume(Subject::Order(OrderId(row.order_id)), watch(row), now);
    }
    for row in refills(needs).await? {
        let subject = Subject::Refill(OrderId(row.order_id), row.id_there.clone());
        schedule.resume(subject, watch(row), now);
    }
    Ok((schedule, upto))
}

fn watch(row: Row) -> Watch {
    Watch::new(ProviderId(row.provider_id), row.id_there, row.since)
}

async fn orders(needs: &StatusPollNeeds) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select order_id, provider_id, api_order_id as id_there, held_since as since
         from orders
         where held_since is not null
           and api_order_id is not null
           and coalesce(status_there, status) in ('PENDING', 'PROCESSING', 'IN_PROGRESS')
           and status in ('PENDING', 'PROCESSING', 'IN_PROGRESS')",
    )
    .fetch_all(&needs.reads)
    .await
}

async fn refills(needs: &StatusPollNeeds) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select order_id, provider_id, refill_id as id_there, requested_at as since
         from refills
         where status in ('PENDING', 'IN_PROGRESS')",
    )
    .fetch_all(&needs.reads)
    .await
}
