//! The peer: `cqrs-es` and `postgres-es` as they come, over the tables of their own `db/init.sql`.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::{Result, anyhow, ensure};
use chrono::{DateTime, Utc};
use cqrs_es::{
    EventEnvelope, Query, View,
    persist::{GenericQuery, QueryReplay},
};
use postgres_es::{PostgresCqrs, PostgresEventRepository, PostgresViewRepository, postgres_cqrs};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use signalbox::domain::{
    Link, ProviderId, ServiceId,
    order::{DeliveryStatus, Order, OrderEvent},
};
use sqlx::{
    ConnectOptions, Connection, Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// `db/init.sql` of postgres-es 0.5.0, as far as it is used here.
const TABLES: &str = "
    create table events (
        aggregate_type text                         not null,
        aggregate_id   text                         not null,
        sequence       bigint check (sequence >= 0) not null,
        event_type     text                         not null,
        event_version  text                         not null,
        payload        json                         not null,
        metadata       json                         not null,
        primary key (aggregate_type, aggregate_id, sequence)
    );
    create table order_view (
        view_id text                        not null,
        version bigint check (version >= 0) not null,
        payload json                        not null,
        primary key (view_id)
    );";

/// An order as it stands: what the read model `orders` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct OrderView {
    number: i64,
    account: String,
    service_id: ServiceId,
    link: Link,
    quantity: i64,
    charge: Decimal,
    status: Standing,
    provider_id: Option<ProviderId>,
    api_order_id: Option<String>,
    waits_until: Option<DateTime<Utc>>,
    provider_status: Option<String>,
    cost: Option<Decimal>,
    cost_currency: Option<String>,
    start_count: Option<i64>,
    remains: Option<i64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
enum Standing {
    #[default]
    Queued,
    InDoubt,
    Failed,
    Held(DeliveryStatus),
}

impl View<Order> for OrderView {
    fn update(&mut self, event: &EventEnvelope<Order>) {
        match &event.payload {
            OrderEvent::OrderPlaced {
                number, account, service_id, link, quantity, charge, ..
            } => {
                self.number = *number;
                self.account.clone_from(account);
                self.service_id = *service_id;
                self.link = link.clone();
                self.quantity = *quantity;
                self.charge = *charge;
            }
            OrderEvent::AttemptStarted { provider_id, .. } => self.provider_id = Some(*provider_id),
            OrderEvent::AttemptPlaced { provider_id, api_order_id, .. } => {
                self.provider_id = Some(*provider_id);
                self.api_order_id = Some(api_order_id.clone());
                self.status = Standing::Held(DeliveryStatus::Pending);
            }
            OrderEvent::AttemptRefused { .. } => self.provider_id = None,
            OrderEvent::AttemptInDoubt { .. } => self.status = Standing::InDoubt,
            OrderEvent::OrderDeferred { until, .. } => self.waits_until = Some(*until),
            OrderEvent::OrderFailed { .. } => self.status = Standing::Failed,
            OrderEvent::OrderStatusChanged {
                status,
                provider_status,
                start_count,
                remains,
                charge,
                currency,
                ..
            } => {
                self.status = Standing::Held(*status);
                self.provider_status = Some(provider_status.clone());
                self.cost = *charge;
                self.cost_currency.clone_from(currency);
                self.start_count = *start_count;
                self.remains = *remains;
            }
            _ => {}
        }
    }
}

type Views = PostgresViewRepository<OrderView, Order>;

/// The peer on a database, in a schema of its own.
pub(crate) struct Stock {
    pool: PgPool,
}

impl Stock {
    /// Makes its tables in a new schema.
    pub(crate) async fn install(options: &PgConnectOptions, schema: &str) -> Result<()> {
        let mut connection = options.connect().await?;
        let statements = format!("create schema {schema}; set search_path to {schema}; {TABLES}");
        connection.execute(statements.as_str()).await?;
        Ok(connection.close().await?)
    }

    /// Opens it with a pool of a size, whose connections are taken at their word.
    pub(crate) async fn open(options: &PgConnectOptions, schema: &str, size: u32) -> Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .min_connections(size)
            .test_before_acquire(false)
            .connect_with(options.clone().options([("search_path", schema)]))
            .await?;
        Ok(Self { pool })
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The framework with one view that follows each command.
    pub(crate) fn framework(&self) -> PostgresCqrs<Order> {
        postgres_cqrs(self.pool.clone(), vec![Box::new(self.query(&Arc::default()))], ())
    }

    /// Rebuilds the view of all orders that the table `events` holds.
    pub(crate) async fn rebuild_view(&self) -> Result<()> {
        let failures = Arc::default();
        self.replay(self.query(&failures)).await?;
        let failures = failures.load(Ordering::Relaxed);
        ensure!(failures == 0, "{failures} events were not folded");
        Ok(())
    }

    /// Goes through all events and counts them.
    pub(crate) async fn count(&self) -> Result<i64> {
        let count = Arc::default();
        self.replay(Counting(Arc::clone(&count))).await?;
        Ok(count.load(Ordering::Relaxed))
    }

    async fn replay(&self, query: impl Query<Order>) -> Result<()> {
        let repository = PostgresEventRepository::new(self.pool.clone());
        let replay = QueryReplay::new(repository, query);
        replay.replay_all().await.map_err(|error| anyhow!("{error}"))
    }

    fn query(&self, failures: &Arc<AtomicI64>) -> GenericQuery<Views, OrderView, Order> {
        let mut query = GenericQuery::new(Arc::new(Views::new("order_view", self.pool.clone())));
        let failures = Arc::clone(failures);
        query.use_error_handler(Box::new(move |_| {
            failures.fetch_add(1, Ordering::Relaxed);
        }));
        query
    }
}

/// A query that does the least that one can.
struct Counting(Arc<AtomicI64>);

impl Query<Order> for Counting {
    fn dispatch<'a, 'i, 'e, 'f>(
        &'a self,
        _: &'i str,
        events: &'e [EventEnvelope<Order>],
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'f>>
    where
        'a: 'f,
        'i: 'f,
        'e: 'f,
        Self: 'f,
    {
        self.0.fetch_add(events.len() as i64, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}
