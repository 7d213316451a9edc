//! Choosing one of eight candidates, in memory.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rust_decimal::Decimal;
use signalbox::{
    domain::{ProviderId, ServiceId, routing::Request},
    simulator::{Catalogue, Panel, PanelConfig},
};

use crate::support::{
    cluster::Cluster,
    site::Site,
    stats::{ROUNDS, median},
    table::Line,
};

const CANDIDATES: usize = 8;
const DECISIONS: u32 = 100_000;

/// Measures decisions where the first candidate can take the order, and where all but the last are set aside.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let mut site = Site::open(cluster, "decision").await?;
    let providers = eight_candidates(&mut site).await?;
    let first = of_rounds(&site);
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
        line("the same with 7 of them set aside", last),
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
    let (commands, ordered) = (site.app.commands(), site.targets[0].service);
    let sold_as = commands.catalogue().read(|snapshot| {
        let service = snapshot.service(ordered)?.aggregate.imported()?;
        Some(service.listing.provider_service_id.clone())
    });
    let sold_as = sold_as.context("the site has the service that it orders")?;
    for (provider, priority) in providers[1..].iter().zip(1..) {
        commands.map_service(ordered, ServiceId::derive(*provider, &sold_as), priority).await?;
    }
    Ok(providers)
}

fn of_rounds(site: &Site) -> f64 {
    median((0..ROUNDS).map(|_| decisions(site).as_secs_f64() * 1e6 / f64::from(DECISIONS)))
}

fn decisions(site: &Site) -> Duration {
    let (commands, service) = (site.app.commands(), site.targets[0].service);
    let (units_per_run, total_units) = (Some(site.quantity), site.quantity);
    let request = Request { units_per_run, total_units, ..Request::any() };
    let begun = Instant::now();
    for _ in 0..DECISIONS {
        black_box(commands.route(service, black_box(&request), |_| None));
    }
    begun.elapsed()
}
