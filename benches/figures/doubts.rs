//! How long a provider that takes an order and falls silent leaves us in doubt, at the paces of production.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use signalbox::{
    command::UpdateProvider,
    domain::OrderId,
    simulator::{Action, Fault, FaultRule},
};
use sqlx::types::Json;
use tokio::time::sleep;

use super::orders::order;
use crate::support::{cluster::Cluster, site::Site, stats::percentile, table::Line};

/// Times that each panel falls silent, for one order and not again before that is found.
const ROUNDS: u64 = 3;
/// How long an order may be in doubt before the run gives up.
const PATIENCE: Duration = Duration::from_secs(300);

/// Measures from when an order is placed until evidence has shown under which id the provider has it.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let site = Site::open(cluster, "doubts").await?;
    for target in &site.targets {
        let exclusive =
            UpdateProvider { exclusive: Some(true), ..UpdateProvider::of(target.provider) };
        site.app.commands().update_provider(exclusive).await?;
    }
    site.app.commands().catch_up().await?;
    // What is new there is found beside what was known.
    until_ended(&site, place(&site).await?, "AttemptPlaced").await?;
    let mut taken = vec![];
    for _ in 0..ROUNDS {
        for target in &site.targets {
            site.app.operations().test_connection(target.provider).await?;
        }
        for panel in &site.panels {
            panel.set_faults(vec![FaultRule::on(Action::Add, Fault::Silent).times(1).after()]);
        }
        let begun = Instant::now();
        let orders = place(&site).await?;
        let settled = until_ended(&site, orders, "AttemptSettled").await?;
        taken.extend(settled.into_values().map(|seen| seen - begun));
    }
    let told = |share| format!("{:.0} s", percentile(taken.clone(), share).as_secs_f64());
    let lines = vec![
        Line::alone("silent provider's order found: half of them", told(0.5), ""),
        Line::alone(format!("the slowest of {}", taken.len()), told(1.0), "< 60 s"),
    ];
    site.stop().await;
    cluster.drop("doubts").await?;
    Ok(lines)
}

/// Places one order at each panel; returns which panel's it is.
async fn place(site: &Site) -> Result<HashMap<OrderId, usize>> {
    let mut orders = HashMap::new();
    for (panel, target) in site.targets.iter().enumerate() {
        let placed = site.app.commands().place_order(order(site, target.service)).await?;
        orders.insert(placed.value, panel);
    }
    Ok(orders)
}

/// Waits until an event of a type is on record for each, with the id of the panel's newest order; says when it was seen.
async fn until_ended(
    site: &Site,
    orders: HashMap<OrderId, usize>,
    event_type: &str,
) -> Result<HashMap<OrderId, Instant>> {
    let ids: Vec<String> = orders.keys().map(ToString::to_string).collect();
    let (begun, mut seen) = (Instant::now(), HashMap::new());
    while seen.len() < orders.len() {
        ensure!(begun.elapsed() < PATIENCE, "{} of {} found", seen.len(), orders.len());
        sleep(Duration::from_millis(100)).await;
        let rows: Vec<(String, Json<Ended>)> = sqlx::query_as(
            "select aggregate_id, payload from events where event_type = $1 and aggregate_id = any($2)",
        )
        .bind(event_type)
        .bind(&ids)
        .fetch_all(site.pool())
        .await?;
        for (order, Json(ended)) in rows {
            let order: OrderId = order.parse()?;
            let there =
                site.panels[orders[&order]].orders().last().map(|order| order.id.to_string());
            ensure!(ended.api_order_id == there, "{order} was taken for {:?}", ended.api_order_id);
            seen.entry(order).or_insert_with(Instant::now);
        }
    }
    Ok(seen)
}

#[derive(serde::Deserialize)]
struct Ended {
    api_order_id: Option<String>,
}
