//! Choosing one of eight candidates, in memory.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rust_decimal::Decimal;
use signalbox::{
    domain::{OrderId, ProviderId, ServiceId, routing::Request},
    simulator::{Catalogue, Panel, PanelConfig},
};
use uuid::Uuid;

use crate::support::{
    cluster::Cluster,
    site::Site,
    stats::{ROUNDS, median},
    table::Line,
};

const CANDIDATES: usize = 8;
const DECISIONS: u32 = 100_000;

/// Measures decisions where the first candidate can take the order, where the others share a priority, and so draw lots, and
/// where all but the last are set aside.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let mut site = Site::open(cluster, "decision").await?;
    let providers = eight_candidates(&mut site).await?;
    let first = of_rounds(&site);
    map(&site, &providers, |_| 1).await?;
    let drawn = of_rounds(&site);
    for provider in &providers[..CANDIDATES - 1] {
        site.app.commands().suspend_provider(*provider, None, None).await?;
    }
    site.app.commands().catch_up().await?;
    let last = of_rounds(&site);
    site.stop().await;
    cluster.drop("decision").await?;
    let line = |figure: &str, microseconds: f64| {
        Line::alone(figure, format!("{microseconds:.2} µs"), "< 5 µs")
    };
    Ok(vec![
        line("a decision over 8 candidates", first),
        line("the same with 7 of them in one tier", drawn),
        line("and with 7 of them set aside", last),
    ])
}

/// Maps the first panel's service to the same one of seven others.
async fn eight_candidates(site: &mut Site) -> Result<Vec<ProviderId>> {
    let mut providers: Vec<ProviderId> =
        site.targets.iter().map(|target| target.provider).collect();
    for number in providers.len()..CANDIDATES {
        let (catalogue, balance) = (Catalogue::generate(30, 1), Decimal::from(1_000_000_000));
        let panel =
            Panel::start(PanelConfig { catalogue, balance, ..PanelConfig::default() }).await?;
        let provider = site.add(&format!("backup {number}"), &panel, 9).await?;
        site.sync(provider).await?;
        site.panels.push(panel);
        providers.push(provider);
    }
    map(site, &providers, |number| number).await?;
    Ok(providers)
}

/// Makes the others backups of the first panel's service, each with a priority.
async fn map(site: &Site, providers: &[ProviderId], priority: impl Fn(i32) -> i32) -> Result<()> {
    let (commands, ordered) = (site.app.commands(), site.targets[0].service);
    let sold_as = commands.catalogue().read(|snapshot| {
        let service = snapshot.service(ordered)?.aggregate.imported()?;
        Some(service.listing.provider_service_id.clone())
    });
    let sold_as = sold_as.context("the site has the service that it orders")?;
    for (provider, number) in providers[1..].iter().zip(1..) {
        let backup = ServiceId::derive(*provider, &sold_as);
        commands.map_service(ordered, backup, priority(number)).await?;
    }
    commands.catch_up().await?;
    Ok(())
}

fn of_rounds(site: &Site) -> f64 {
    median((0..ROUNDS).map(|_| decisions(site).as_secs_f64() * 1e6 / f64::from(DECISIONS)))
}

fn decisions(site: &Site) -> Duration {
    let (commands, service) = (site.app.commands(), site.targets[0].service);
    let (units_per_run, total_units) = (Some(site.quantity), site.quantity);
    let order = Some(OrderId(Uuid::now_v7()));
    let request = Request { units_per_run, total_units, order, ..Request::any() };
    let begun = Instant::now();
    for _ in 0..DECISIONS {
        black_box(commands.route(service, black_box(&request), |_| None));
    }
    begun.elapsed()
}
