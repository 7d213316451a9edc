//! Rebuilding a read model from the journal, beside stock rebuilds and a plain scan of the same rows.

use anyhow::{Context, Result, ensure};
use signalbox::projection::{ReadModel, ReadModels, Replay};
use sqlx::{Executor, PgPool};

use crate::support::{
    cluster::Cluster,
    site::Site,
    stats::{in_turns, median, rate},
    stock::Stock,
    table::{Line, a_second, percent, times},
};

/// Events in the journal.
const EVENTS: i64 = 1_000_000;
/// Of which the peer's view is rebuilt from so many: it takes its time.
const SAMPLE: i64 = 3_000;

/// Measures both read models; the unit is an event of an order, whether the model folds it or not.
pub(crate) async fn measure(cluster: &Cluster) -> Result<Vec<Line>> {
    let site = Site::open(cluster, "rebuild").await?.aged(EVENTS).await?;
    let pool = site.pool();
    let options = pool.connect_options();
    for (schema, upto) in [("stock", i64::MAX), ("sample", SAMPLE)] {
        Stock::install(&options, schema).await?;
        copy(pool, schema, upto).await?;
    }
    let (stock, sample) =
        (Stock::open(&options, "stock", 8).await?, Stock::open(&options, "sample", 8).await?);
    let orders = orders(&site, &sample).await?;
    let providers = providers(&site, &stock).await?;
    for peer in [stock, sample] {
        peer.pool().close().await;
    }
    site.stop().await;
    cluster.drop("rebuild").await?;
    Ok([orders, providers].concat())
}

/// Rebuilds a read model of an installation and swaps it in.
pub(crate) async fn rebuilt(site: &Site, name: &str) -> Result<()> {
    Replay::begin(site.pool(), &model(name)?).await?.swap(|_| {}).await?;
    Ok(())
}

async fn ours(site: &Site, name: &str) -> Result<f64> {
    rate(count(site.pool(), "events").await?, rebuilt(site, name)).await
}

async fn orders(site: &Site, sample: &Stock) -> Result<Vec<Line>> {
    let events = count(sample.pool(), "events").await?;
    let (ours, peers) = in_turns(
        async || ours(site, "orders").await,
        async || {
            sample.pool().execute("truncate order_view").await?;
            rate(events, sample.rebuild_view()).await
        },
    )
    .await?;
    let scans = scans(site, "orders").await?;
    Ok(told("`orders`", ["stock view", "≥ 100×"], [ours, peers, scans]))
}

async fn providers(site: &Site, stock: &Stock) -> Result<Vec<Line>> {
    let events = count(stock.pool(), "events").await?;
    let (ours, peers) = in_turns(
        async || ours(site, "provider_performance").await,
        async || {
            rate(events, async {
                ensure!(stock.count().await? == events, "the peer lost events");
                Ok(())
            })
            .await
        },
    )
    .await?;
    let scans = scans(site, "provider_performance").await?;
    Ok(told("`provider_performance`", ["stock, counting only", "≥ 8×"], [ours, peers, scans]))
}

/// Reads what the model folds, one key of each payload.
async fn scans(site: &Site, name: &str) -> Result<Vec<f64>> {
    let model = model(name)?;
    let events = count(site.pool(), "events").await?;
    let scan = "select count(payload ->> 'attempt') from events where event_type = any($1)";
    let scanned = async || {
        rate(events, async {
            sqlx::query(scan).bind(model.folds()).execute(site.pool()).await?;
            Ok(())
        })
        .await
    };
    Ok(in_turns(scanned, async || Ok(())).await?.0)
}

fn told(model: &str, [peer, wanted]: [&'static str; 2], rates: [Vec<f64>; 3]) -> Vec<Line> {
    let [ours, peers, scans] = rates.map(median);
    let line = |peer_name: &str, peer: f64, ratio| Line {
        figure: format!("rebuild of {model}, events (peer: {peer_name})"),
        ours: a_second(ours),
        peer: a_second(peer),
        ratio,
        wanted: "",
    };
    vec![
        Line { wanted, ..line(peer, peers, times(ours / peers)) },
        line("plain scan of the same rows", scans, percent(ours / scans)),
    ]
}

fn model(name: &str) -> Result<ReadModel> {
    ReadModels::named(&[name]).first().map(|model| (*model).clone()).context("no such read model")
}

/// Gives the peer the first events of orders.
async fn copy(pool: &PgPool, schema: &str, upto: i64) -> Result<()> {
    let statement = format!(
        "insert into {schema}.events
         select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json
         from events
         where aggregate_type = 'order'
         order by position
         limit $1"
    );
    sqlx::query(&statement).bind(upto).execute(pool).await?;
    pool.execute(format!("vacuum analyze {schema}.events").as_str()).await?;
    Ok(())
}

async fn count(pool: &PgPool, table: &str) -> Result<i64> {
    let statement = format!("select count(*) from {table} where aggregate_type = 'order'");
    Ok(sqlx::query_scalar(&statement).fetch_one(pool).await?)
}
