//! The router's own time: orders arrive in an open loop, whether it keeps up or not.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use signalbox::{
    command::PlaceOrder,
    domain::{
        OrderId, ServiceId,
        order::{HOUSE_ACCOUNT, OrderRequest},
    },
    journal::read_head,
    simulator::{Action, Fault, FaultRule, Latency, Panel},
};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{sleep_until, timeout},
};

use crate::support::{
    cluster::Cluster,
    site::Site,
    stats::{ROUNDS, median, milliseconds, percentile},
    table::{Line, in_ms},
};

/// Orders of one round.
const ORDERS: u32 = 500;
/// Between two arrivals: a hundred a second.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a panel takes for an answer.
const PANEL_MS: u64 = 640;
/// The orders that came to rest between two positions.
const PLACED: &str = "
    select aggregate_id
    from events
    where event_type = 'AttemptPlaced' and position > $1 and position <= $2";
/// How long a round may last once all orders have arrived.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures an order's way with and without a failover.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let site = Site::open(cluster, "orders").await?;
    let [own, failovers] = rounds(&site).await?;
    site.stop().await;
    cluster.drop("orders").await?;
    Ok(vec![
        Line::alone("router's own time, 100 orders/s: p50", shared(&own, 0.5), ""),
        Line::alone("router's own time, 100 orders/s: p99", shared(&own, 0.99), "< 10 ms"),
        Line::alone("refusal to next provider's first byte: p50", shared(&failovers, 0.5), ""),
        Line::alone(
            "refusal to next provider's first byte: p99",
            shared(&failovers, 0.99),
            "< 5 ms",
        ),
    ])
}

/// The times of all orders, without and with a failover, round by round.
pub(crate) async fn rounds(site: &Site) -> Result<[Vec<Vec<Duration>>; 2]> {
    let (mut own, mut failovers) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        own.push(own_times(site).await?);
        failovers.push(failover_times(site).await?);
    }
    Ok([own, failovers])
}

/// The median over rounds of the time under which a share of the orders stayed.
pub(crate) fn shared(rounds: &[Vec<Duration>], share: f64) -> String {
    in_ms(median(rounds.iter().map(|times| milliseconds(percentile(times.clone(), share)))))
}

/// From an order's arrival until a reader of the journal has its outcome, without the time that the panel takes.
async fn own_times(site: &Site) -> Result<Vec<Duration>> {
    let slow = Latency { base_ms: PANEL_MS, jitter_ms: 0 };
    site.panels.iter().for_each(|panel| panel.set_latency(slow));
    let outcomes = outcomes(site).await?;
    let services: Vec<ServiceId> = site.targets.iter().map(|target| target.service).collect();
    let arrivals = arrive(site, &services).await?;
    let outcomes = timeout(PATIENCE, outcomes).await???;
    site.panels.iter().for_each(|panel| panel.set_latency(Latency::default()));
    let own = arrivals.into_iter().map(|(order, arrived)| {
        let seen = outcomes.get(&order.to_string()).context("an order without an outcome")?;
        Ok((*seen - arrived).saturating_sub(Duration::from_millis(PANEL_MS)))
    });
    own.collect()
}

/// From a refusal's arrival at one panel, which answers at once, until the next one has the request.
async fn failover_times(site: &Site) -> Result<Vec<Duration>> {
    let [first, second, ..] = &site.targets[..] else { unreachable!() };
    site.app.commands().map_service(first.service, second.service, 1).await?;
    site.app.commands().catch_up().await?;
    // One that fails over and says nothing of the provider, which else would soon be set aside.
    let refusal = Fault::Refuse("Incorrect quantity".to_owned());
    site.panels[0].set_faults(vec![FaultRule::on(Action::Add, refusal)]);
    let begun = Utc::now();
    let outcomes = outcomes(site).await?;
    arrive(site, &[first.service]).await?;
    timeout(PATIENCE, outcomes).await???;
    site.panels[0].clear_faults();
    let refused = asked(&site.panels[0], begun);
    let failed_over = asked(&site.panels[1], begun).into_iter().map(|(link, at)| {
        let refused = refused.get(&link).context("an order that was never refused")?;
        Ok((at - refused).to_std().unwrap_or_default())
    });
    failed_over.collect()
}

/// When a panel was asked for which link.
fn asked(panel: &Panel, since: DateTime<Utc>) -> HashMap<String, DateTime<Utc>> {
    let requests = panel.requests().into_iter();
    let added = requests.filter(|call| call.action == Some(Action::Add) && call.at >= since);
    added.filter_map(|mut call| Some((call.params.remove("link")?, call.at))).collect()
}

/// Lets orders arrive at their times; returns when each was to arrive.
async fn arrive(site: &Site, services: &[ServiceId]) -> Result<Vec<(OrderId, Instant)>> {
    let begun = Instant::now();
    let mut placing = JoinSet::new();
    for (number, service) in (0..ORDERS).zip(services.iter().cycle()) {
        let arrival = begun + PAUSE * number;
        sleep_until(arrival.into()).await;
        let (commands, place) = (site.app.commands().clone(), order(site, *service));
        placing.spawn(async move { Ok((commands.place_order(place).await?.value, arrival)) });
    }
    placing.join_all().await.into_iter().collect()
}

/// What is ordered of a service, on a link of its own.
pub(crate) fn order(site: &Site, service_id: ServiceId) -> PlaceOrder {
    let link = format!("https://social.example/p/{}", uuid::Uuid::now_v7());
    let quantity = Some(site.quantity);
    PlaceOrder {
        service_id,
        request: OrderRequest { link, quantity, ..OrderRequest::default() },
        idempotency_key: None,
        account: HOUSE_ACCOUNT.to_owned(),
    }
}

type Seen = HashMap<String, Instant>;

/// Reads the journal along until all orders of a round are placed; says when it saw each.
async fn outcomes(site: &Site) -> Result<JoinHandle<Result<Seen>>> {
    let journal = site.app.commands().journal();
    let (pool, mut head) = (journal.pool().clone(), journal.head());
    let mut read = read_head(&pool).await?;
    Ok(tokio::spawn(async move {
        let mut seen = Seen::new();
        while seen.len() < ORDERS as usize {
            let upto = *head.wait_for(|head| *head > read).await?;
            let placed: Vec<String> =
                sqlx::query_scalar(PLACED).bind(read.0).bind(upto.0).fetch_all(&pool).await?;
            let now = Instant::now();
            seen.extend(placed.into_iter().map(|order| (order, now)));
            read = upto;
        }
        Ok(seen)
    }))
}
