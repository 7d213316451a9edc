//! Taking over a catalogue of ten thousand services, and looking through it when nothing has changed.

use std::time::{Duration, Instant};

use anyhow::Result;
use signalbox::{
    domain::ProviderId,
    simulator::{Catalogue, Panel, PanelConfig},
};

use crate::support::{
    cluster::Cluster,
    http::Request,
    site::Site,
    stats::{ROUNDS, median, milliseconds},
    table::{Line, in_ms},
};

const SERVICES: usize = 10_000;

/// What two syncs of one provider took, without the panel's own time, until the read models had them.
pub(crate) struct Syncs {
    /// The first, which takes over all services.
    pub(crate) first: Duration,
    /// The second, which finds nothing new.
    pub(crate) unchanged: Duration,
}

/// Measures the first sync of new providers, and the next one of each.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let mut all = vec![];
    for _ in 0..ROUNDS {
        let site = Site::open(cluster, "sync").await?;
        all.push(syncs(&site).await?);
        site.stop().await;
        cluster.drop("sync").await?;
    }
    let first = median(all.iter().map(|syncs| milliseconds(syncs.first)));
    let unchanged = median(all.iter().map(|syncs| milliseconds(syncs.unchanged)));
    Ok(vec![
        Line::alone("first sync of 10,000 services", in_ms(first), "< 3 s"),
        Line::alone("the same list again", in_ms(unchanged), "< 1 s"),
    ])
}

/// Adds a provider of ten thousand services to an installation, and syncs it twice.
pub(crate) async fn syncs(site: &Site) -> Result<Syncs> {
    let catalogue = Catalogue::generate(SERVICES, 7);
    let panel = Panel::start(PanelConfig { catalogue, ..PanelConfig::default() }).await?;
    let provider = site.add("Large", &panel, 9).await?;
    let first = own_time(site, provider, &panel).await?;
    let unchanged = own_time(site, provider, &panel).await?;
    panel.stop().await;
    Ok(Syncs { first, unchanged })
}

async fn own_time(site: &Site, provider: ProviderId, panel: &Panel) -> Result<Duration> {
    let panels = panels_time(panel).await?;
    let begun = Instant::now();
    site.sync(provider).await?;
    Ok(begun.elapsed().saturating_sub(panels))
}

/// How long the panel takes to answer with its list.
async fn panels_time(panel: &Panel) -> Result<Duration> {
    let (address, body) = (panel.address(), format!("key={}&action=services", panel.key()));
    let text = format!(
        "POST /api/v2 HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let begun = Instant::now();
    Request { address, text }.once().await?;
    Ok(begun.elapsed())
}
