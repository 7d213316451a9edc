//! An installation as it runs in production, with simulated panels as its providers.

use std::time::Duration;

use anyhow::{Context, Result};
use rust_decimal::Decimal;
use secrecy::SecretString;
use signalbox::{
    app::{App, AppConfig, DatabaseConfig, Monitoring, RANKING_PACE},
    command::AddProvider,
    domain::{
        Position, ProviderId, ServiceId,
        provider::{BreakerPolicy, ProviderTerms, UpstreamPolicy},
        routing::Strategy,
        service::{PriceWatch, WaitLimit},
    },
    journal::read_head,
    postgres::Durability,
    process::{
        Delisting, DispatchPace, DispatchStatus, DoubtPace, HealthPace, StatusPace, SyncPace,
    },
    provider_api::CallLimits,
    read::{PageRequest, ServiceSelection},
    simulator::{Catalogue, Panel, PanelConfig},
};
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep};

use super::{cluster::Cluster, history, orders::Target};

/// The token with all rights.
pub(crate) const TOKEN: &str = "token of the measurements";
/// 32 bytes in base64.
const SECRET_KEY: &str = "c2VhbGluZyBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ=";
/// How long read models may take to catch up.
const CATCH_UP: Duration = Duration::from_secs(300);
/// Panels that every site has.
const PANELS: u64 = 4;

/// An installation on a database of its own, and its panels.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) panels: Vec<Panel>,
    /// For each panel a service that the same quantity fits; all of one type.
    pub(crate) targets: Vec<Target>,
    /// What is ordered of them.
    pub(crate) quantity: i64,
    config: AppConfig,
}

impl Site {
    /// Starts a new one on a new database.
    pub(crate) async fn open(cluster: &Cluster, name: &str) -> Result<Self> {
        let config = config(cluster, cluster.create(name).await?);
        let app = start(&config).await?;
        let mut site = Self { app, panels: vec![], targets: vec![], quantity: 0, config };
        for number in 1..=PANELS {
            let catalogue = Catalogue::generate(30, 1);
            let balance = Decimal::from(1_000_000_000);
            let config = PanelConfig { catalogue, seed: number, balance, ..PanelConfig::default() };
            let panel = Panel::start(config).await?;
            let provider = site.add(&format!("panel {number}"), &panel, number as i32).await?;
            site.sync(provider).await?;
            site.panels.push(panel);
            let (service, quantity) = site.plain_service(provider).await?;
            site.targets.push(Target { provider, service });
            site.quantity = quantity;
        }
        Ok(site)
    }

    /// Gives it a past of so many events.
    pub(crate) async fn aged(self, events: i64) -> Result<Self> {
        let Self { app, panels, targets, quantity, config } = self;
        let DatabaseConfig::External { options, .. } = &config.database else { unreachable!() };
        app.stop().await;
        let pool = PgPool::connect_with((**options).clone()).await?;
        let [first, second, ..] = &targets[..] else { unreachable!() };
        let of = [first, second].map(|target| (target.provider, target.service));
        history::fill(&pool, events, of).await?;
        pool.close().await;
        let app = start(&config).await?;
        let site = Self { app, panels, targets, quantity, config };
        site.built().await?;
        Ok(site)
    }

    /// Makes a panel known.
    pub(crate) async fn add(&self, name: &str, panel: &Panel, priority: i32) -> Result<ProviderId> {
        let (name, api_url) = (name.to_owned(), panel.url());
        let (api_key, terms) = (panel.key().into(), ProviderTerms::default());
        let add = AddProvider { name, api_url, api_key, priority, terms };
        Ok(self.app.commands().add_provider(add).await?.value)
    }

    /// Syncs a provider's catalogue; returns once the read models have it.
    pub(crate) async fn sync(&self, provider: ProviderId) -> Result<()> {
        let synced = self.app.operations().sync(provider, Delisting::Guarded).await?;
        self.folded(synced.position).await
    }

    /// Returns once the read models have everything up to a position.
    pub(crate) async fn folded(&self, position: Position) -> Result<()> {
        Ok(self.app.projections().wait_for(position, CATCH_UP).await?)
    }

    /// Returns once the read models have everything.
    pub(crate) async fn all_folded(&self) -> Result<()> {
        self.folded(read_head(self.pool()).await?).await
    }

    /// Connections that find the journal.
    pub(crate) fn pool(&self) -> &PgPool {
        self.app.commands().journal().pool()
    }

    /// Stops it, its panels too.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
        for panel in self.panels {
            panel.stop().await;
        }
    }

    async fn built(&self) -> Result<()> {
        let head = read_head(self.pool()).await?;
        let begun = Instant::now();
        let projections = self.app.projections();
        while projections.status().iter().any(|m| m.position < head || m.rebuild.is_some()) {
            anyhow::ensure!(begun.elapsed() < CATCH_UP, "{:?}", projections.status());
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    async fn plain_service(&self, provider: ProviderId) -> Result<(ServiceId, i64)> {
        let of = ServiceSelection { provider: Some(provider), ..ServiceSelection::default() };
        let page = PageRequest { first: 100, after: None };
        let services = self.app.reads().services(&of, page).await?.rows;
        let plain = services.into_iter().find(|service| service.kind == "Default");
        let plain = plain.context("the catalogue has no service of type Default")?;
        Ok((ServiceId(plain.service_id), plain.min))
    }
}

async fn start(config: &AppConfig) -> Result<App> {
    let app = App::start(config.clone()).await?;
    let dispatches = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
    app.dispatching().wait_for(dispatches).await?;
    Ok(app)
}

fn config(cluster: &Cluster, options: PgConnectOptions) -> AppConfig {
    let (options, durability) = (Box::new(options), Durability::Durable);
    AppConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        database: DatabaseConfig::External { options, durability },
        data_dir: cluster.folder().join("site"),
        read_models: None,
        secret_key: Some(SecretString::from(SECRET_KEY)),
        admin_token: Some(SecretString::from(TOKEN)),
        first_provider: None,
        policy: UpstreamPolicy::PrivateAllowed,
        call_limits: CallLimits::default(),
        pace: DispatchPace::default(),
        status_pace: StatusPace::default(),
        doubt_pace: DoubtPace::default(),
        ranking_pace: RANKING_PACE,
        // What a run measures, it syncs itself.
        sync_pace: SyncPace { glance: CATCH_UP * 12, ..SyncPace::default() },
        price_watch: PriceWatch::default(),
        monitoring: Monitoring::default(),
        default_strategy: Strategy::default(),
        breaker: Some(BreakerPolicy::default()),
        health_pace: HealthPace::default(),
        wait_limit: WaitLimit::default().span(),
    }
}
