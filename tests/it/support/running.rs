//! A whole installation in this process, on a database of its own, asked over HTTP as its users do.

use std::{ops::Deref, sync::Arc, time::Duration};

use signalbox::{
    app::{App, AppConfig, DatabaseConfig, Monitoring},
    domain::{
        provider::UpstreamPolicy,
        routing::Strategy,
        service::{PriceWatch, WaitLimit},
    },
    postgres::Durability,
    process::{
        BalancePace, CallPace, DispatchPace, DispatchStatus, DoubtPace, HealthPace, StatusPace,
        SyncPace,
    },
    provider_api::CallLimits,
};
use tempfile::TempDir;

use super::{
    api::{Api, TOKEN},
    database::TestDatabase,
};

/// 32 bytes in base64.
pub(crate) const SECRET_KEY: &str = "c2VhbGluZyBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ=";

/// An installation with a dispatcher and an API, stopped by [`stop`](Self::stop).
pub(crate) struct Running {
    pub(crate) app: App,
    pub(crate) database: Arc<TestDatabase>,
    api: Api,
    _data: TempDir,
}

impl Deref for Running {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Running {
    /// Starts with short time limits; returns once it dispatches.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts with a changed configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut AppConfig)) -> Self {
        let running = Self::start_beside(Arc::new(TestDatabase::create().await), change).await;
        running.dispatches().await;
        running
    }

    /// Starts on a database that others have used; returns once it dispatches.
    pub(crate) async fn start_on(database: Arc<TestDatabase>) -> Self {
        let running = Self::start_beside(database, |_| {}).await;
        running.dispatches().await;
        running
    }

    /// Starts on a database that others are using.
    pub(crate) async fn start_beside(
        database: Arc<TestDatabase>,
        change: impl FnOnce(&mut AppConfig),
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = config(&database, &data);
        change(&mut config);
        let app = App::start(config).await.unwrap();
        let api = Api::at(app.address());
        Self { app, database, api, _data: data }
    }

    /// Returns once it dispatches.
    pub(crate) async fn dispatches(&self) {
        let dispatches = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
        self.app.dispatching().wait_for(dispatches).await.unwrap();
    }

    /// Drains and stops, as SIGTERM does. The database stays as long as it is held.
    pub(crate) async fn stop(self) -> Arc<TestDatabase> {
        self.app.stop().await;
        self.database
    }
}

fn config(database: &TestDatabase, data: &TempDir) -> AppConfig {
    let second = Duration::from_secs(1);
    AppConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        database: DatabaseConfig::External {
            options: Box::new(database.options()),
            durability: Durability::Volatile,
        },
        data_dir: data.path().to_owned(),
        read_models: None,
        secret_key: Some(SECRET_KEY.into()),
        admin_token: Some(TOKEN.into()),
        first_provider: None,
        policy: UpstreamPolicy::PrivateAllowed,
        call_limits: CallLimits {
            connect: second,
            add: 5 * second,
            balance: 5 * second,
            ..CallLimits::default()
        },
        pace: DispatchPace { busy_link: second / 5, busy_link_at_most: second },
        status_pace: StatusPace::default(),
        ranking_pace: 3600 * second,
        doubt_pace: DoubtPace::default(),
        sync_pace: SyncPace::default(),
        price_watch: PriceWatch::default(),
        default_strategy: Strategy::default(),
        // Most tests want to see each refusal by itself.
        breaker: None,
        health_pace: HealthPace::default(),
        wait_limit: WaitLimit::default().span(),
        monitoring: quiet(),
    }
}

/// Asks no balances of its own accord, and sums up calls by the day, so that a test knows what happens.
fn quiet() -> Monitoring {
    Monitoring {
        balances: BalancePace::every_minutes(0),
        calls: CallPace { minute: Duration::from_secs(24 * 3600), ..CallPace::default() },
        ..Monitoring::default()
    }
}
