//! What is on record of our other orders at a provider.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgPool};

use super::load::InDoubt;
use crate::{
    domain::{
        order::DeliveryStatus,
        settlement::{Anchor, BalanceBefore, Known, same_target},
    },
    process::order_status::LOOKED_AT_DAYS,
};

/// How many of the latest orders the highest id is looked for in: more than can be under way at once.
const LATEST: i64 = 100;
/// How long what has ended is expected to be paid back, as long as its status is looked at.
const PAID_BACK_WITHIN: TimeDelta = TimeDelta::days(LOOKED_AT_DAYS as i64);
/// More orders than this are not asked about, which is one call.
pub(super) const MOST_OWN: usize = 100;

/// An order of ours that may be paid back.
#[derive(Debug, Clone)]
pub(super) struct OwnRow {
    pub(super) api_order_id: String,
    pub(super) known: Known,
}

#[derive(FromRow)]
struct OwnRecord {
    api_order_id: String,
    status: String,
    cost: Option<Decimal>,
    unchanged_since: DateTime<Utc>,
}

/// A reading of a balance; all empty for the change of account that came after the last one.
#[derive(FromRow)]
struct ReadingRecord {
    amount: Option<Decimal>,
    answered_at: Option<DateTime<Utc>>,
    response_ms: Option<i64>,
}

impl InDoubt {
    /// Finds the highest id of an order that the provider held before the attempt began; the latest, where ids are no
    /// numbers.
    pub(super) async fn anchor(
        &self,
        reads: &PgPool,
        declared_at: Option<DateTime<Utc>>,
    ) -> Result<Option<Anchor>, sqlx::Error> {
        let latest: Vec<(String, DateTime<Utc>)> = sqlx::query_as(
            "select api_order_id, started_at
             from attempts
             where provider_id = $1
               and outcome = 'PLACED'
               and since < $2
               -- `since` is by the database's clock, which may be behind; the answer's own time is by ours, like $2.
               and started_at + coalesce(response_ms, 0) * interval '1 ms' < $2
               and api_order_id is not null
             order by since desc
             limit $3",
        )
        .bind(self.provider().0)
        .bind(self.started_at)
        .bind(LATEST)
        .fetch_all(reads)
        .await?;
        let numbers: Option<Vec<u128>> = latest.iter().map(|(id, _)| id.parse().ok()).collect();
        let highest = numbers.and_then(|numbers| {
            let highest = numbers.iter().enumerate().max_by_key(|(_, number)| **number);
            highest.map(|(nth, _)| nth)
        });
        let found = latest.get(highest.unwrap_or_default());
        Ok(found.map(|(api_order_id, sent)| Anchor {
            api_order_id: api_order_id.clone(),
            since_declared: declared_at.is_some_and(|declared| *sent >= declared),
        }))
    }

    /// Finds the lowest id of an order that was sent when the provider could not take the attempt any more.
    pub(super) async fn later(
        &self,
        reads: &PgPool,
        settle_after: DateTime<Utc>,
    ) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(
            "select api_order_id
             from (
                 select api_order_id
                 from attempts
                 where provider_id = $1
                   and outcome = 'PLACED'
                   and since >= $2
                   and started_at >= $2
                   and api_order_id ~ '^[0-9]{1,30}$'
                 order by since
                 limit $3
             ) as first
             order by api_order_id::numeric
             limit 1",
        )
        .bind(self.provider().0)
        .bind(settle_after)
        .bind(LATEST)
        .fetch_optional(reads)
        .await
    }

    /// Lists the links of the other attempts at the provider that are not decided yet.
    pub(super) async fn undecided(&self, reads: &PgPool) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "select o.link
             from attempts a
             join orders o using (order_id)
             where a.provider_id = $1
               and a.outcome in ('STARTED', 'IN_DOUBT')
               and a.attempt_id <> $2",
        )
        .bind(self.provider().0)
        .bind(self.attempt().0)
        .fetch_all(reads)
        .await
    }

    pub(super) fn is_rival(&self, link: &str) -> bool {
        same_target(&self.link, link)
    }

    /// Finds those of these ids that are known as another attempt's.
    pub(super) async fn claimed(
        &self,
        reads: &PgPool,
        ids: &[String],
    ) -> Result<BTreeSet<String>, sqlx::Error> {
        let claimed: Vec<String> = sqlx::query_scalar(
            "select api_order_id
             from attempts
             where provider_id = $1
               and outcome in ('STARTED', 'PLACED', 'IN_DOUBT')
               and api_order_id = any($2)
             union
             select api_order_id
             from duplicates
             where provider_id = $1
               and api_order_id = any($2)",
        )
        .bind(self.provider().0)
        .bind(ids)
        .fetch_all(reads)
        .await?;
        Ok(claimed.into_iter().collect())
    }

    /// Counts the orders that turned out to be held by the provider since then, by the database's clock or by ours. That the
    /// two are not a day apart lets an index find them.
    pub(super) async fn placed_since(
        &self,
        reads: &PgPool,
        then: DateTime<Utc>,
    ) -> Result<usize, sqlx::Error> {
        let count: i64 = sqlx::query_scalar(
            "select count(*)
             from attempts
             where provider_id = $1
               and outcome = 'PLACED'
               and since > $2::timestamptz - interval '1 day'
               and greatest(since, started_at + coalesce(response_ms, 0) * interval '1 ms') > $2",
        )
        .bind(self.provider().0)
        .bind(then)
        .fetch_one(reads)
        .await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Finds the last balance that was read before the attempt began, of the account that is used still. Both times are by
    /// our own clock: the database's may be behind, and a later reading seem an earlier one.
    pub(super) async fn balance_before(
        &self,
        reads: &PgPool,
    ) -> Result<Option<BalanceBefore>, sqlx::Error> {
        let found: Option<ReadingRecord> = sqlx::query_as(
            "select (payload ->> 'balance')::numeric as amount,
                    coalesce(payload ->> 'tested_at', payload ->> 'read_at')::timestamptz as answered_at,
                    (payload ->> 'response_ms')::bigint as response_ms
             from events
             where aggregate_type = 'provider'
               and aggregate_id = $1
               and (
                   event_type in ('ProviderKeyReplaced', 'ProviderUrlChanged')
                   or event_type in ('ConnectionTestSucceeded', 'BalanceRead')
                   and coalesce(payload ->> 'tested_at', payload ->> 'read_at')::timestamptz < $2
               )
             order by sequence desc
             limit 1",
        )
        .bind(self.provider().to_string())
        .bind(self.started_at)
        .fetch_optional(reads)
        .await?;
        Ok(found.and_then(ReadingRecord::before))
    }

    /// Lists our orders at the provider that are open or ended lately; one more than [`MOST_OWN`] where they are more.
    pub(super) async fn own(&self, reads: &PgPool) -> Result<Vec<OwnRow>, sqlx::Error> {
        let rows: Vec<OwnRecord> = sqlx::query_as(
            "select api_order_id, coalesce(status_there, status) as status, cost, unchanged_since
             from orders
             where provider_id = $1
               and api_order_id is not null
               and (
                   status in ('PENDING', 'PROCESSING', 'IN_PROGRESS')
                   or status in ('COMPLETED', 'PARTIAL', 'CANCELED') and unchanged_since > $2
               )
             union all
             select d.api_order_id, 'PENDING', null, a.since
             from duplicates d
             join attempts a using (attempt_id)
             where d.provider_id = $1
               and a.since > $2
             limit $3",
        )
        .bind(self.provider().0)
        .bind(Utc::now() - PAID_BACK_WITHIN)
        .bind(MOST_OWN as i64 + 1)
        .fetch_all(reads)
        .await?;
        Ok(rows.into_iter().map(OwnRecord::row).collect())
    }

    /// Counts our subscriptions at the provider that run or ended lately.
    pub(super) async fn subscriptions(&self, reads: &PgPool) -> Result<usize, sqlx::Error> {
        let count: i64 = sqlx::query_scalar(
            "select count(*)
             from services s
             join orders o using (service_id)
             where lower(s.kind) like 'subscription%'
               and o.provider_id = $1
               and o.api_order_id is not null
               and (
                   o.status in ('PENDING', 'PROCESSING', 'IN_PROGRESS')
                   or o.unchanged_since > $2
               )",
        )
        .bind(self.provider().0)
        .bind(Utc::now() - PAID_BACK_WITHIN)
        .fetch_one(reads)
        .await?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// Tells whether the provider turned another order for the link, in any spelling, away as busy since the attempt began,
    /// though nothing else of ours was under way there on the very link that was turned away.
    pub(super) async fn link_was_busy(&self, reads: &PgPool) -> Result<bool, sqlx::Error> {
        let busy: Vec<String> = sqlx::query_scalar(
            "select distinct o.link
             from attempts a
             join orders o using (order_id)
             where a.provider_id = $1
               and a.class = 'link_busy'
               and a.started_at > $2
               and not exists (
                   select
                   from orders held
                   where held.link = o.link
                     and held.order_id <> o.order_id
                     and held.provider_id = $1
                     and held.held_since is not null
                     and (
                         coalesce(held.status_there, held.status) in ('PENDING', 'PROCESSING', 'IN_PROGRESS')
                         or held.unchanged_since > a.started_at
                     )
               )",
        )
        .bind(self.provider().0)
        .bind(self.started_at)
        .fetch_all(reads)
        .await?;
        Ok(busy.iter().any(|link| self.is_rival(link)))
    }
}

impl ReadingRecord {
    fn before(self) -> Option<BalanceBefore> {
        let asked_at = self.answered_at? - TimeDelta::milliseconds(self.response_ms?);
        Some(BalanceBefore { amount: self.amount?, asked_at })
    }
}

impl OwnRecord {
    fn row(self) -> OwnRow {
        let status = DeliveryStatus::of_word(&self.status).unwrap_or(DeliveryStatus::Pending);
        let (charge, unchanged_since) = (self.cost, self.unchanged_since);
        OwnRow { api_order_id: self.api_order_id, known: Known { status, charge, unchanged_since } }
    }
}
