//! Looks at orders that have ended, for some days: rounds over the read model, which alone remembers them.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgPool};
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    StatusPace,
    poll::{RETRY, Shared},
    watch::{Said, Subject, Watch},
};
use crate::domain::{OrderId, ProviderId, order::StatusReading};

/// What a round found to be looked at once more.
#[derive(Debug)]
pub(super) struct Round {
    /// Those whose time came up to then.
    pub(super) upto: DateTime<Utc>,
    pub(super) found: Vec<(Subject, Watch)>,
}

#[derive(Debug, FromRow)]
struct Row {
    order_id: Uuid,
    provider_id: Uuid,
    api_order_id: String,
    held_since: DateTime<Utc>,
    /// Whether the numbers are all the provider's own word of this order.
    is_reading: bool,
    provider_status: Option<String>,
    start_count: Option<i64>,
    remains: Option<i64>,
    cost: Option<Decimal>,
    cost_currency: Option<String>,
}

impl Shared {
    /// Waits for a round's time, and returns the orders whose time has come since the last.
    pub(super) async fn ended_round(&self, since: DateTime<Utc>) -> Round {
        sleep(self.needs.pace.round()).await;
        loop {
            let upto = Utc::now();
            match whose_time_came(&self.needs.reads, &self.needs.pace, [since, upto]).await {
                Ok(rows) => {
                    let found = rows.into_iter().map(Row::watched).collect();
                    // A clock that was set back does not bring the same times again.
                    return Round { upto: upto.max(since), found };
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot look up which orders have ended");
                    sleep(RETRY).await;
                }
            }
        }
    }
}

impl Row {
    fn watched(self) -> (Subject, Watch) {
        let watch = Watch::new(ProviderId(self.provider_id), self.api_order_id, self.held_since);
        let last = self.provider_status.filter(|_| self.is_reading).map(|provider_status| {
            Said::Order(StatusReading {
                provider_status,
                start_count: self.start_count,
                remains: self.remains,
                charge: self.cost,
                currency: self.cost_currency,
            })
        });
        let watch = Watch { has_ended: true, last, ..watch };
        (Subject::Order(OrderId(self.order_id)), watch)
    }
}

/// Finds the orders of which a whole number of waits has passed since they ended, within these bounds.
async fn whose_time_came(
    reads: &PgPool,
    pace: &StatusPace,
    [since, upto]: [DateTime<Utc>; 2],
) -> Result<Vec<Row>, sqlx::Error> {
    let waits = (1..).map(|looks| pace.ended * looks).take_while(|wait| *wait < pace.ended_for);
    let waits: Vec<TimeDelta> = waits.filter_map(|wait| TimeDelta::from_std(wait).ok()).collect();
    let bound = |time: DateTime<Utc>| waits.iter().map(|wait| time - *wait).collect::<Vec<_>>();
    sqlx::query_as(
        "select order_id, provider_id, api_order_id, held_since,
                status_there is null as is_reading,
                provider_status, start_count, remains, cost, cost_currency
         from unnest($1::timestamptz[], $2::timestamptz[]) as span (since, upto)
         cross join lateral (
             select *
             from orders
             where status in ('COMPLETED', 'PARTIAL', 'CANCELED')
               and coalesce(status_there, status) in ('COMPLETED', 'PARTIAL', 'CANCELED')
               and unchanged_since > since
               and unchanged_since <= upto
             union all
             -- What was ordered for its remainder is still under way.
             select *
             from orders
             where status in ('PENDING', 'PROCESSING', 'IN_PROGRESS')
               and status_there in ('COMPLETED', 'PARTIAL', 'CANCELED')
               and unchanged_since > since
               and unchanged_since <= upto
         ) as due
         where held_since is not null
           and api_order_id is not null",
    )
    .bind(bound(since))
    .bind(bound(upto))
    .fetch_all(reads)
    .await
}
