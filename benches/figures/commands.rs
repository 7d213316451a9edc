//! Durable commands a second, all read models live, beside stock `cqrs-es` with one view.
//!
//! Both sides execute the same commands on the same aggregate through `CqrsFramework`; what differs is the store, and
//! who keeps the read models. A round's clock stops when these have everything.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use cqrs_es::{CqrsFramework, persist::PersistedEventStore};
use postgres_es::{PostgresCqrs, PostgresEventRepository};
use signalbox::{
    command::{Claims, DriveGuard, JournalStore},
    domain::{OrderId, order::Order},
};
use sqlx::postgres::PgConnectOptions;

use crate::support::{
    cluster::Cluster,
    orders::{Crowd, Side, Target, execute},
    site::Site,
    stats::{in_turns, median, milliseconds, percentile},
    stock::Stock,
    table::{Line, a_second, in_ms, times},
};

const MANY: Crowd = Crowd { clients: 256, streams: 40 };
const ONE: Crowd = Crowd { clients: 1, streams: 600 };
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
    let target = site.targets[0];
    for (crowd, wanted) in [(MANY, ["≥ 8×, aim 15×", "≤ a fifth"]), (ONE, ["≥ 1.5×", ""])]
    {
        let (ours, peers) = in_turns(
            async || ours(&site, crowd).await,
            async || peers(&stock, crowd, target).await,
        )
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
    let commands = site.app.commands();
    let store = JournalStore::new(commands.journal().clone());
    let framework = CqrsFramework::new(store.clone(), vec![], ());
    let ours = Arc::new(Ours { framework, store, claims: commands.claims().clone() });
    round(&ours, crowd, site.targets[0], site.all_folded()).await
}

async fn peers(stock: &Stock, crowd: Crowd, target: Target) -> Result<Round> {
    // Its view is written before a command returns.
    let folded = std::future::ready(Ok(()));
    round(&Arc::new(Peers(stock.framework())), crowd, target, folded).await
}

/// An installation, whose dispatcher leaves an order alone while somebody drives it.
struct Ours {
    framework: CqrsFramework<Order, JournalStore>,
    store: JournalStore,
    claims: Claims,
}

impl Side for Ours {
    type Store = JournalStore;
    type Hold = Option<DriveGuard>;

    fn framework(&self) -> &CqrsFramework<Order, JournalStore> {
        &self.framework
    }

    fn hold(&self, order: OrderId) -> Option<DriveGuard> {
        let mut guard = self.claims.drive(order, 0)?;
        // What the client does to the order is not news to who drives it.
        guard.saw(i64::MAX);
        // Nobody else knows its id yet, as in the program's own placement.
        self.store.begin::<Order>(&order.to_string());
        Some(guard)
    }
}

struct Peers(PostgresCqrs<Order>);

impl Side for Peers {
    type Store = PersistedEventStore<PostgresEventRepository, Order>;
    type Hold = ();

    fn framework(&self) -> &PostgresCqrs<Order> {
        &self.0
    }

    fn hold(&self, _: OrderId) {}
}

async fn round<S: Side>(
    side: &Arc<S>,
    crowd: Crowd,
    target: Target,
    folded: impl Future<Output = Result<()>>,
) -> Result<Round> {
    let begun = Instant::now();
    let taken = execute(side, crowd, target).await?;
    folded.await?;
    let rate = crowd.commands() as f64 / begun.elapsed().as_secs_f64();
    Ok(Round { rate, p99: percentile(taken, 0.99) })
}

/// Finds the pool with which the peer is quickest.
async fn best_pool(options: &PgConnectOptions, target: Target) -> Result<u32> {
    let mut best = (0.0, 0);
    for size in POOLS {
        let stock = Stock::open(options, "stock", size).await?;
        let tried = peers(&stock, Crowd { streams: 3, ..MANY }, target).await?;
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
