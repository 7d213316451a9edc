//! The read models say what the aggregates say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use signalbox::{
    domain::{
        order::{AttemptState, Order, Progress},
        provider::Circuit,
        service::{Imported, Service, WaitLimit},
    },
    projection::{ReadModels, rebuild, search_path},
};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use crate::{projections_history::History, support::database::TestDatabase};

/// A history in which everything occurs, folded; statements find the tables by their names.
async fn folded() -> (TestDatabase, PgPool, History) {
    let database = TestDatabase::create().await;
    let mut history = History::new(1, 12_000);
    history.assert_complete();
    history.append_all(database.pool()).await;
    let models = ReadModels::embedded();
    for model in &models {
        rebuild(database.pool(), model, &model.schema(), 5_000).await.unwrap();
    }
    let options = database.options().options([("search_path", search_path(&models))]);
    (database, PgPool::connect_lazy_with(options), history)
}

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct ServiceRow {
    provider_id: Uuid,
    number: i64,
    name: String,
    category: String,
    provider_category: String,
    rate: Decimal,
    price: Decimal,
    max: i64,
    cancel: Option<bool>,
    enabled: bool,
    listed: bool,
    retired: bool,
    strategy: Option<String>,
    link_lock: String,
    remainder: String,
    is_suspended: bool,
    wait_minutes: Option<i32>,
    given_up_as: Option<String>,
    after_minutes: Option<i32>,
}

impl ServiceRow {
    fn of(service: &Imported) -> Self {
        let as_json = serde_json::to_value(service).unwrap();
        let listing = &service.listing;
        Self {
            provider_id: service.provider_id.0,
            number: service.number,
            name: listing.name.clone(),
            category: as_json["category"].as_str().unwrap().to_owned(),
            provider_category: listing.category.clone(),
            rate: listing.rate,
            price: service.price,
            max: listing.max,
            cancel: listing.cancel,
            enabled: service.enabled,
            listed: service.listed,
            retired: service.retired,
            strategy: as_json["strategy"].as_str().map(str::to_owned),
            link_lock: as_json["link_lock"].as_str().unwrap().to_owned(),
            remainder: as_json["remainder"].as_str().unwrap().to_owned(),
            is_suspended: service.standing.is_suspended(),
            wait_minutes: service.wait_limit.map(WaitLimit::minutes),
            given_up_as: as_json["doubt_policy"]["given_up_as"].as_str().map(str::to_owned),
            after_minutes: as_json["doubt_policy"]["after_minutes"]
                .as_i64()
                .map(|minutes| i32::try_from(minutes).unwrap()),
        }
    }
}

#[tokio::test]
async fn services_are_as_the_aggregates_have_them() {
    let (_database, pool, history) = folded().await;
    let rows: Vec<ServiceRow> = sqlx::query_as(
        "select service_id, provider_id, number, name, category, provider_category, rate, price, max, cancel, enabled,
             listed, retired, strategy, coalesce(link_lock, 'ON') as link_lock,
             coalesce(remainder, 'LEAVE') as remainder, suspended_since is not null as is_suspended, wait_minutes,
             given_up_as, after_minutes
         from services order by service_id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let imported = history.services.values().filter_map(Service::imported);
    assert_eq!(rows, imported.map(ServiceRow::of).collect::<Vec<_>>());
}

#[tokio::test]
async fn mappings_are_as_the_aggregates_have_them() {
    let (_database, pool, history) = folded().await;
    let rows: Vec<(Uuid, Uuid, i32)> = sqlx::query_as(
        "select service_id, backup_service_id, priority
         from service_mappings order by service_id, priority, backup_service_id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut expected = vec![];
    for (id, service) in &history.services {
        let backups = service.imported().map(|service| service.backups.clone());
        for backup in backups.unwrap_or_default() {
            expected.push((id.0, backup.service_id.0, backup.priority));
        }
    }
    assert!(!expected.is_empty());
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn providers_are_as_the_aggregates_have_them() {
    let (_database, pool, history) = folded().await;
    for (id, provider) in &history.providers {
        let row: (String, String, i32, bool, bool, Option<Decimal>, bool) = sqlx::query_as(
            "select name, api_url, priority, active, deleted, balance, exclusive
             from providers where provider_id = $1",
        )
        .bind(id.0)
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(
            row,
            (
                provider.name.clone(),
                provider.api_url.clone(),
                provider.priority,
                provider.is_active(),
                !provider.exists(),
                provider.balance.as_ref().map(|reading| reading.balance),
                provider.exclusive_since.is_some()
            )
        );
    }
}

/// Since when, until when, why, and whether one order may try.
type SuspensionRow = (Option<DateTime<Utc>>, Option<DateTime<Utc>>, Option<String>, bool);

#[tokio::test]
async fn providers_are_set_aside_as_the_aggregates_have_them() {
    let (_database, pool, history) = folded().await;
    let mut seen = BTreeSet::new();
    for (id, provider) in &history.providers {
        let row: SuspensionRow = sqlx::query_as(
            "select suspended_since, suspended_until, suspension_reason, half_open
             from providers where provider_id = $1",
        )
        .bind(id.0)
        .fetch_one(&pool)
        .await
        .unwrap();
        let expected = match provider.breaker.circuit().clone() {
            Circuit::Closed => (None, None, None, false),
            Circuit::Open(of) => (Some(of.since), of.until, Some(of.reason), false),
            Circuit::HalfOpen { from: of, .. } => (Some(of.since), of.until, Some(of.reason), true),
        };
        seen.insert((expected.0.is_some(), expected.3));
        assert_eq!(row, expected);
    }
    assert!(seen.len() > 1, "{seen:?}");
}

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct OrderRow {
    order_id: Uuid,
    status: String,
    provider_id: Option<Uuid>,
    waits_until: Option<DateTime<Utc>>,
    waits: bool,
    parent_id: Option<Uuid>,
    api_order_id: Option<String>,
    provider_status: Option<String>,
    cost: Option<Decimal>,
    cost_currency: Option<String>,
    start_count: Option<i64>,
    remains: Option<i64>,
    is_held: bool,
}

impl OrderRow {
    fn of(id: Uuid, order: &Order) -> Self {
        let last = order.attempts.last().map(|attempt| attempt.provider_id.0);
        let said = order.delivery.clone();
        let overall = order.overall();
        let word = overall.as_ref().map(|it| it.status).or(said.as_ref().map(|said| said.status));
        let status = word.map(|status| serde_json::to_value(status).unwrap());
        let status = status.map_or("PENDING".to_owned(), |word| word.as_str().unwrap().to_owned());
        let (status, provider_id, waits_until) = match order.progress {
            Progress::Deferred(until) | Progress::Waiting(until) => {
                ("QUEUED".to_owned(), None, Some(until))
            }
            Progress::Attempting => ("QUEUED".to_owned(), last, None),
            Progress::InDoubt => ("IN_DOUBT".to_owned(), last, None),
            Progress::AtProvider(provider) => (status, Some(provider.0), None),
            Progress::Failed => ("FAILED".to_owned(), None, None),
            Progress::Absent | Progress::Queued | Progress::AwaitingLink(_) => {
                ("QUEUED".to_owned(), None, None)
            }
        };
        Self {
            order_id: id,
            status,
            provider_id,
            waits_until,
            waits: matches!(
                order.progress,
                Progress::Deferred(_) | Progress::AwaitingLink(_) | Progress::Waiting(_)
            ),
            parent_id: order.remainder_of.as_ref().map(|of| of.parent.0),
            api_order_id: order.holding().ok().map(|held| held.api_order_id),
            provider_status: said.as_ref().map(|said| said.provider_status.clone()),
            cost: said.as_ref().and_then(|said| said.charge),
            cost_currency: said.as_ref().and_then(|said| said.currency.clone()),
            start_count: said.as_ref().and_then(|said| said.start_count),
            remains: overall.map(|it| it.remains).or(said.as_ref().and_then(|said| said.remains)),
            is_held: order.holding().is_ok(),
        }
    }
}

#[tokio::test]
async fn orders_are_as_the_aggregates_have_them() {
    let (_database, pool, history) = folded().await;
    let rows: Vec<OrderRow> = sqlx::query_as(
        "select *, waiting_reason is not null as waits, held_since is not null and unchanged_since >= held_since as is_held
         from orders order by order_id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected = history.orders.iter().map(|(id, order)| OrderRow::of(id.0, order));
    assert_eq!(rows, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn refills_are_as_the_aggregates_have_them() {
    type Row = (Uuid, String, String, Option<String>);
    let (_database, pool, history) = folded().await;
    let rows: BTreeSet<Row> =
        sqlx::query_as("select order_id, refill_id, status, provider_status from refills")
            .fetch_all(&pool)
            .await
            .unwrap()
            .into_iter()
            .collect();
    let refills = history.orders.iter().flat_map(|(id, order)| {
        order.refills.iter().map(|refill| {
            let status = serde_json::to_value(refill.status).unwrap();
            let status = status.as_str().unwrap().to_owned();
            (id.0, refill.refill_id.clone(), status, refill.provider_status.clone())
        })
    });
    assert!(!rows.is_empty());
    assert_eq!(rows, refills.collect());
}

#[tokio::test]
async fn attempts_are_as_the_aggregates_have_them_and_duplicates_are_placed() {
    type Row = (Uuid, i32, String, Option<String>);
    let (_database, pool, history) = folded().await;
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, number, outcome, class from attempts order by order_id, number",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let duplicates = duplicates(&history);
    let attempts = history.orders.iter().flat_map(|(id, order)| {
        order.attempts.iter().map(|attempt| (id.0, attempt)).collect::<Vec<_>>()
    });
    let expected: Vec<Row> = attempts
        .map(|(order, attempt)| {
            let outcome = match &attempt.state {
                _ if duplicates.contains(&attempt.attempt_id.0.to_string()) => "PLACED",
                AttemptState::Started => "STARTED",
                AttemptState::Placed(_) => "PLACED",
                AttemptState::Refused(_) => "REFUSED",
                AttemptState::InDoubt | AttemptState::GivenUp => "IN_DOUBT",
                AttemptState::NotSent | AttemptState::NotPlaced => "NOT_PLACED",
            };
            let class = match &attempt.state {
                AttemptState::Refused(class) if outcome == "REFUSED" => {
                    serde_json::to_value(class).unwrap().as_str().map(str::to_owned)
                }
                _ => None,
            };
            (order, attempt.number, outcome.to_owned(), class)
        })
        .collect();
    assert_eq!(rows, expected);
}

/// Ids of the attempts that were found to be placed although the order went on.
fn duplicates(history: &History) -> Vec<String> {
    let found = history.entries.iter().filter(|entry| entry.event_type == "DuplicateFound");
    found.map(|entry| entry.payload["attempt_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn days_of_a_provider_count_its_attempts_by_what_they_are_now() {
    type Day = (i64, i64, i64, i64);
    let (_database, pool, history) = folded().await;
    let mut expected: BTreeMap<(Uuid, NaiveDate), Day> = BTreeMap::new();
    let duplicates = duplicates(&history);
    for entry in history.entries.iter().filter(|entry| entry.event_type == "AttemptStarted") {
        let order = &history.orders[&entry.aggregate_id.parse().unwrap()];
        let id = entry.payload["attempt_id"].as_str().unwrap();
        let attempt = order.attempt(id.parse().unwrap()).unwrap();
        let placed =
            matches!(attempt.state, AttemptState::Placed(_)) || duplicates.iter().any(|d| d == id);
        if attempt.state == AttemptState::NotSent && !placed {
            continue;
        }
        let started: DateTime<Utc> = entry.payload["started_at"].as_str().unwrap().parse().unwrap();
        let day = expected.entry((attempt.provider_id.0, started.date_naive())).or_default();
        day.0 += 1;
        match &attempt.state {
            _ if placed => day.1 += 1,
            AttemptState::Refused(_) | AttemptState::NotPlaced => day.2 += 1,
            AttemptState::InDoubt | AttemptState::GivenUp => day.3 += 1,
            _ => {}
        }
    }
    let rows: Vec<(Uuid, NaiveDate, Json<Day>)> = sqlx::query_as(
        "select provider_id, day, jsonb_build_array(total, placed, failed, in_doubt)
         from provider_days order by provider_id, day",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let found: BTreeMap<_, _> =
        rows.into_iter().map(|(provider, day, counts)| ((provider, day), counts.0)).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn ledgers_add_up_to_what_the_days_count() {
    let (_database, pool, _) = folded().await;
    let apart: Vec<(Uuid, NaiveDate)> = sqlx::query_as(
        "with failures as (
             select provider_id, day, sum(count) as count from failure_days group by provider_id, day
         ),
         minutes as (
             select provider_id, (minute at time zone 'UTC')::date as day,
                    sum(count) filter (where outcome = 'PLACED') as placed,
                    sum(count) filter (where outcome = 'FAILED') as failed,
                    sum(count) filter (where outcome = 'IN_DOUBT') as in_doubt,
                    sum(response_count) as responses, sum(response_ms_sum) as response_ms
             from attempt_minutes
             group by 1, 2
         )
         select provider_id, day
         from provider_days
         left join failures using (provider_id, day)
         left join minutes using (provider_id, day)
         where (coalesce(failures.count, 0), coalesce(minutes.placed, 0), coalesce(minutes.failed, 0),
                coalesce(minutes.in_doubt, 0), coalesce(minutes.responses, 0), coalesce(minutes.response_ms, 0))
             is distinct from (provider_days.failed + provider_days.in_doubt, provider_days.placed,
                provider_days.failed, provider_days.in_doubt, response_count, response_ms_sum)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(apart, []);
}

#[tokio::test]
async fn durations_are_read_from_their_buckets_within_five_percent() {
    let (_database, pool, _) = folded().await;
    let worst: f64 = sqlx::query_scalar(
        "select max(abs(2 * 1.1::float8 ^ latency_bucket(ms) / 2.1 / ms - 1))
         from generate_series(1, 200000) as ms",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(worst <= 0.05, "{worst}");
    let worst: f64 = sqlx::query_scalar(
        "select max(abs(provider_latency(provider_id::uuid, day, day, 0.95) / p95 - 1))
         from (
             select provider_id, day, percentile_disc(0.95) within group (order by response_ms) as p95
             from (
                 select distinct on (attempt_id)
                     attempt_id,
                     (payload ->> 'provider_id')::uuid as provider_id,
                     (payload ->> 'response_ms')::bigint as response_ms,
                     max(day) over (partition by attempt_id)::date as day
                 from answers
                 join events using (position)
                 order by attempt_id, answer is null, position
             ) as first_answers
             where response_ms is not null
             group by provider_id, day
         ) as exact",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(worst <= 0.05, "{worst}");
}
