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
use crate::domain::{
    OrderId, ProviderId,
    order::{DeliveryStatus, StatusReading},
};

/// What a [`Row`] is read from.
const COLUMNS: &str =
    "order_id, provider_id, api_order_id, held_since, status_there is null as is_reading,
    provider_status, start_count, remains, cost, cost_currency";
/// That a provider has an order, under an id that it can be asked about by.
const HELD: &str = "held_since is not null and api_order_id is not null";

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
    /// Waits until a round's time has passed since the last, and returns the orders whose time has come meanwhile. What is
    /// found twice does no harm, as after a clock was set back.
    pub(super) async fn ended_round(&self, since: DateTime<Utc>) -> Round {
        let pace = &self.needs.pace;
        let passed = (Utc::now() - since).to_std().unwrap_or_default();
        sleep(pace.round().saturating_sub(passed)).await;
        loop {
            let upto = Utc::now();
            match whose_time_came(&self.needs.reads, pace, [since, upto]).await {
                Ok(rows) => {
                    let found = rows.into_iter().map(Row::watched).collect();
                    return Round { upto, found };
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot look up which orders have ended yet");
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Finds an order that has ended.
    pub(super) async fn ended_order(&self, order: OrderId) -> Option<(Subject, Watch)> {
        let statement = format!("select {COLUMNS} from orders where order_id = $1 and {HELD}");
        let found = sqlx::query_as(&statement).bind(order.0).fetch_optional(&self.needs.reads);
        let row: Option<Row> = found.await.unwrap_or_else(|error| {
            tracing::warn!(%order, %error, "an order that has ended is looked at no sooner than in its round");
            None
        });
        row.map(Row::watched)
    }
}

impl Row {
    fn watched(self) -> (Subject, Watch) {
        let watch = Watch::new(ProviderId(self.provider_id), self.api_order_id, self.held_since);
        // A word that was not understood when it was read may be now.
        let is_understood =
            |word: &String| DeliveryStatus::of_word(word).is_some_and(DeliveryStatus::has_ended);
        let word = self.provider_status.filter(|word| self.is_reading && is_understood(word));
        let last = word.map(|provider_status| {
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
    let looks = pace.ended_for.as_millis() / pace.ended.as_millis().max(1);
    let waits = (1..=looks as u32).filter_map(|look| TimeDelta::from_std(pace.ended * look).ok());
    let waits: Vec<TimeDelta> = waits.collect();
    let bound = |time: DateTime<Utc>| waits.iter().map(|wait| time - *wait).collect::<Vec<_>>();
    let statement = format!(
        "select {COLUMNS}
         from unnest($1::timestamptz[], $2::timestamptz[]) as span (since, upto)
         cross join lateral (
             select *
             from orders
             where status in ('COMPLETED', 'PARTIAL', 'CANCELED')
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
         where {HELD}"
    );
    sqlx::query_as(&statement).bind(bound(since)).bind(bound(upto)).fetch_all(reads).await
}
