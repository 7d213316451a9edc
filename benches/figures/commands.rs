//! Durable commands a second, all read models live, beside stock `cqrs-es` with one view.
//!
//! Both sides execute the same commands on the same aggregate through `CqrsFramework`; what differs is the store, and
//! who keeps the read models. A round's clock stops when these have everything.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use cqrs_es::{CqrsFramework, EventStore};
use signalbox::{command::JournalStore, domain::order::Order};

use crate::support::{
    cluster::Cluster,
    orders::{Crowd, Target, execute},
    site::Site,
    stats::{in_turns, median, milliseconds, percentile},
    stock::Stock,
    table::{Line, a_second, in_ms, times},
};

const MANY: Crowd = Crowd { clients: 256, streams: 8 };
const ONE: Crowd = Crowd { clients: 1, streams: 150 };
/// Pools that the peer is tried with; the best is measured.
const POOLS: [u32; 5] = [4, 8, 16, 32, 64];

/// What came out of one round.
pub(crate) struct Round {
    /// Commands a second.
    pub(crate) rate: f64,
    /// Under which 99 of 100 commands stayed.
    pub(crate) p99: Duration,
}

/// Measures both crowds.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let site = Site::open(cluster, "commands").await?;
    let options = cluster.create("commands_peer").await?;
    Stock::install(&options, "stock").await?;
    let size = best_pool(&options, site.targets[0]).await?;
    let stock = Stock::open(&options, "stock", size).await?;
    let mut lines = vec![];
    for (crowd, wanted) in [(MANY, ["≥ 8×, aim 15×", "≤ a fifth"]), (ONE, ["≥ 1.5×", ""])]
    {
        let (ours, peers) =
            in_turns(async || ours(&site, crowd).await, async || peers(&stock, crowd, &site).await)
                .await?;
        lines.extend(told(crowd, size, [&ours, &peers], wanted));
    }
    stock.pool().close().await;
    site.stop().await;
    cluster.drop("commands").await?;
    cluster.drop("commands_peer").await?;
    Ok(lines)
}

/// One round of many clients at an installation.
pub(crate) async fn many(site: &Site) -> Result<Round> {
    ours(site, MANY).await
}

/// One round of one client at an installation.
pub(crate) async fn one(site: &Site) -> Result<Round> {
    ours(site, ONE).await
}

async fn ours(site: &Site, crowd: Crowd) -> Result<Round> {
    let store = JournalStore::new(site.app.commands().journal().clone());
    let framework = Arc::new(CqrsFramework::new(store, vec![], ()));
    round(&framework, crowd, site.targets[0], site.all_folded()).await
}

async fn peers(stock: &Stock, crowd: Crowd, site: &Site) -> Result<Round> {
    let framework = Arc::new(stock.framework());
    // Its view is written before a command returns.
    round(&framework, crowd, site.targets[0], std::future::ready(Ok(()))).await
}

async fn round<S>(
    framework: &Arc<CqrsFramework<Order, S>>,
    crowd: Crowd,
    target: Target,
    folded: impl Future<Output = Result<()>>,
) -> Result<Round>
where
    S: EventStore<Order> + 'static,
    S::AC: Send,
{
    let begun = Instant::now();
    let taken = execute(framework, crowd, target).await?;
    folded.await?;
    let rate = crowd.commands() as f64 / begun.elapsed().as_secs_f64();
    Ok(Round { rate, p99: percentile(taken, 0.99) })
}

/// Finds the pool with which the peer is quickest.
async fn best_pool(options: &sqlx::postgres::PgConnectOptions, target: Target) -> Result<u32> {
    let mut best = (0.0, 0);
    for size in POOLS {
        let stock = Stock::open(options, "stock", size).await?;
        let framework = Arc::new(stock.framework());
        let crowd = Crowd { streams: 3, ..MANY };
        let tried = round(&framework, crowd, target, std::future::ready(Ok(()))).await?;
        stock.pool().close().await;
        if tried.rate > best.0 {
            best = (tried.rate, size);
        }
    }
    Ok(best.1)
}

fn told(crowd: Crowd, pool: u32, sides: [&[Round]; 2], wanted: [&'static str; 2]) -> Vec<Line> {
    let rates = sides.map(|rounds| median(rounds.iter().map(|round| round.rate)));
    let p99s = sides.map(|rounds| median(rounds.iter().map(|round| milliseconds(round.p99))));
    let clients = match crowd.clients {
        1 => "1 client".to_owned(),
        clients => format!("{clients} clients"),
    };
    vec![
        Line {
            figure: format!("durable commands, {clients} (peer: pool of {pool})"),
            ours: a_second(rates[0]),
            peer: a_second(rates[1]),
            ratio: times(rates[0] / rates[1]),
            wanted: wanted[0],
        },
        Line {
            figure: format!("their p99, {clients}"),
            ours: in_ms(p99s[0]),
            peer: in_ms(p99s[1]),
            ratio: format!("1/{:.1}", p99s[1] / p99s[0]),
            wanted: wanted[1],
        },
    ]
}
