//! The same figures at journals of different lengths: nothing but a rebuild may grow.

use std::time::Instant;

use anyhow::Result;

use super::{commands, orders, page, rebuild, sync};
use crate::support::{
    cluster::Cluster,
    site::Site,
    stats::{ROUNDS, median, milliseconds},
    table::{a_second, in_ms, print_rows, thousands},
};

/// What each row holds.
const FIGURES: [&str; 11] = [
    "events in the journal",
    "durable commands, 256 clients",
    "their p99, 256 clients",
    "durable commands, 1 client",
    "GraphQL page of 50 orders, 64 connections",
    "router's own time, 100 orders/s: p99",
    "refusal to next provider's first byte: p99",
    "first sync of 10,000 services",
    "the same list again",
    "rebuild of `orders`",
    "rebuild of `provider_performance`",
];

/// Measures and prints all figures side by side.
pub(crate) async fn print(cluster: &Cluster, sizes: &[i64]) -> Result<()> {
    let mut rows: Vec<Vec<String>> = FIGURES.iter().map(|name| vec![(*name).to_owned()]).collect();
    for events in sizes {
        let measured = at(cluster, *events).await?;
        rows.iter_mut().zip(measured).for_each(|(row, value)| row.push(value));
    }
    print_rows(rows);
    Ok(())
}

async fn at(cluster: &Cluster, events: i64) -> Result<[String; 11]> {
    let name = format!("growth_{events}");
    let site = Site::open(cluster, &name).await?.aged(events).await?;
    let (mut many, mut one, mut pages) = (vec![], vec![], vec![]);
    let orders = seconds(rebuild::rebuilt(&site, "orders")).await?;
    let performance = seconds(rebuild::rebuilt(&site, "provider_performance")).await?;
    for _ in 0..ROUNDS {
        many.push(commands::many(&site).await?);
        one.push(commands::one(&site).await?.rate);
        pages.push(page::pages(&site).await?.rate);
    }
    let [own, failovers] = orders::rounds(&site).await?;
    let syncs = sync::syncs(&site).await?;
    site.stop().await;
    cluster.drop(&name).await?;
    Ok([
        thousands(events as f64),
        a_second(median(many.iter().map(|round| round.rate))),
        in_ms(median(many.iter().map(|round| milliseconds(round.p99)))),
        a_second(median(one)),
        a_second(median(pages)),
        orders::shared(&own, 0.99),
        orders::shared(&failovers, 0.99),
        in_ms(milliseconds(syncs.first)),
        in_ms(milliseconds(syncs.unchanged)),
        orders,
        performance,
    ])
}

async fn seconds(work: impl Future<Output = Result<()>>) -> Result<String> {
    let begun = Instant::now();
    work.await?;
    Ok(format!("{:.1} s", begun.elapsed().as_secs_f64()))
}
