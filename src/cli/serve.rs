//! `signalbox serve`: the router itself.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use sd_notify::NotifyState;
use secrecy::SecretString;

use super::{
    installation::Installation,
    logging::{LogFormat, Logging},
    monitoring::MonitoringArgs,
    signals::EndSignals,
};
use crate::{
    app::{App, AppConfig, FirstProvider, RANKING_PACE},
    domain::{
        provider::{BreakerPolicy, UpstreamPolicy},
        routing::Strategy,
        service::{PriceWatch, WaitLimit},
    },
    process::{DispatchPace, DoubtPace, HealthPace, StatusPace, SyncPace},
    provider_api::CallLimits,
};

/// What is logged unless RUST_LOG says otherwise: without what PostgreSQL remarks about migrations that are there.
const LOGGED: &str = "info,sqlx::postgres::notice=warn";

const ABOUT: &str = "\
Orders are placed over GraphQL at /graphql, with `Authorization: Bearer TOKEN`;
/graphql/ws and /graphql/stream serve subscriptions, /graphiql a page to try it on.
Of several processes on one database exactly one dispatches; the others answer
queries and queue orders for it, and take over when it ends.

SIGTERM and Ctrl-C drain: no new provider call begins, calls under way are
awaited for up to 20 s. A call that was cut off all the same is in doubt at the
next start, and is never sent again. A second signal ends at once.

Logs go to standard error; RUST_LOG=debug shows more. X-Request-Id follows a
request into its log lines, its events' metadata and its provider calls.
/metrics is for Prometheus, /readyz for probes; docs/OPERATIONS.md explains both.";

/// Route orders: serve the API, dispatch to providers, keep the read models
#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(super) struct Serve {
    /// Address to listen on
    #[arg(long, env = "SIGNALBOX_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    installation: Installation,
    /// Folder of read models that analysts add: docs/PROJECTIONS.md shows how
    #[arg(long, env = "SIGNALBOX_READ_MODELS", value_name = "DIR")]
    read_models: Option<PathBuf>,
    /// Seals provider keys: 32 bytes in base64; made once in the data folder with the private PostgreSQL
    #[arg(long, env = "SIGNALBOX_SECRET_KEY", hide_env_values = true, value_name = "BASE64")]
    secret_key: Option<SecretString>,
    /// Bearer token with all rights
    #[arg(long, env = "SIGNALBOX_ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    admin_token: Option<SecretString>,
    /// Name of the provider to begin with; ignored once any provider was ever added
    #[arg(long, env = "SIGNALBOX_FIRST_PROVIDER_NAME", value_name = "NAME")]
    first_provider_name: Option<String>,
    /// Address of that provider's API
    #[arg(long, env = "SIGNALBOX_FIRST_PROVIDER_URL", value_name = "URL")]
    first_provider_url: Option<String>,
    /// Key of that provider's API
    #[arg(long, env = "SIGNALBOX_FIRST_PROVIDER_KEY", hide_env_values = true, value_name = "KEY")]
    first_provider_key: Option<SecretString>,
    /// Allow provider URLs that are http, or that resolve to loopback or private addresses
    #[arg(
        long,
        env = "SIGNALBOX_ALLOW_PRIVATE_UPSTREAMS",
        value_name = "BOOL",
        num_args = 0..=1,
        default_value_t = false,
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    allow_private_upstreams: bool,
    /// Raise an alert where a sync finds a provider's rate moved by more than so many percent
    #[arg(
        long,
        env = "SIGNALBOX_PRICE_ALERT_PERCENT",
        value_name = "PERCENT",
        default_value_t = PriceWatch::DEFAULT_PERCENT
    )]
    price_alert_percent: u32,
    /// How the candidates of services without a strategy of their own are ordered
    #[arg(
        long,
        env = "SIGNALBOX_DEFAULT_STRATEGY",
        value_enum,
        ignore_case = true,
        value_name = "STRATEGY",
        default_value_t
    )]
    default_strategy: DefaultStrategy,
    #[command(flatten)]
    monitoring: MonitoringArgs,
    /// Let an order wait for so many minutes while all that could take it are set aside; a service may say otherwise
    #[arg(
        long,
        env = "SIGNALBOX_WAIT_MINUTES",
        value_name = "MINUTES",
        default_value_t = WaitLimit::DEFAULT_MINUTES
    )]
    wait_minutes: i32,
    /// How the log is written: for people, or as one JSON object a line
    #[arg(long, env = "SIGNALBOX_LOG_FORMAT", value_enum, value_name = "FORMAT", default_value_t)]
    log_format: LogFormat,
}

/// The strategies, as the command line and the environment have them.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum DefaultStrategy {
    /// The primary, then the backups by priority; those of the same priority share by score
    #[default]
    Priority,
    /// The best measured first
    #[value(name = "best_score", alias = "best-score")]
    BestScore,
}

impl From<DefaultStrategy> for Strategy {
    fn from(strategy: DefaultStrategy) -> Self {
        match strategy {
            DefaultStrategy::Priority => Self::Priority,
            DefaultStrategy::BestScore => Self::BestScore,
        }
    }
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let _logging = Logging::start(LOGGED, self.log_format);
        let mut signals = EndSignals::listen()?;
        let config = self.config()?;
        if config.admin_token.is_none() {
            tracing::warn!("SIGNALBOX_ADMIN_TOKEN is not set, so nobody can use the API");
        }
        let starting = App::start(config);
        let mut app = tokio::select! {
            app = starting => app?,
            () = signals.received() => return Ok(()),
        };
        tracing::info!("serving GraphQL at http://{}/graphql", app.address());
        tell_systemd(NotifyState::Ready);
        let failed = tokio::select! {
            () = signals.received() => false,
            () = app.failed() => true,
        };
        tracing::info!("stopping: calls under way are awaited; a second signal ends at once");
        tell_systemd(NotifyState::Stopping);
        tokio::select! {
            () = app.stop() => {}
            () = signals.received() => {
                bail!("ended at once by a second signal: calls under way will be in doubt");
            }
        }
        if failed {
            bail!("a part of the program ended by itself; the log says which");
        }
        Ok(())
    }

    fn config(self) -> anyhow::Result<AppConfig> {
        Ok(AppConfig {
            listen: self.listen,
            database: self.installation.database()?,
            first_provider: self.first_provider()?,
            data_dir: self.installation.data_dir,
            read_models: self.read_models,
            secret_key: self.secret_key,
            admin_token: self.admin_token,
            policy: match self.allow_private_upstreams {
                true => UpstreamPolicy::PrivateAllowed,
                false => UpstreamPolicy::PublicOnly,
            },
            call_limits: CallLimits::default(),
            pace: DispatchPace::default(),
            status_pace: StatusPace::default(),
            ranking_pace: RANKING_PACE,
            doubt_pace: DoubtPace::default(),
            sync_pace: SyncPace::default(),
            price_watch: PriceWatch::percent(self.price_alert_percent),
            default_strategy: self.default_strategy.into(),
            monitoring: self.monitoring.monitoring()?,
            breaker: Some(BreakerPolicy::default()),
            health_pace: HealthPace::default(),
            wait_limit: WaitLimit::try_new(self.wait_minutes)?.span(),
        })
    }

    fn first_provider(&self) -> anyhow::Result<Option<FirstProvider>> {
        let given = (&self.first_provider_name, &self.first_provider_url, &self.first_provider_key);
        match given {
            (None, None, None) => Ok(None),
            (Some(name), Some(url), Some(key)) => {
                let (name, url, key) = (name.clone(), url.clone(), key.clone());
                Ok(Some(FirstProvider { name, url, key }))
            }
            _ => bail!(
                "the first provider needs all of SIGNALBOX_FIRST_PROVIDER_NAME, \
                 SIGNALBOX_FIRST_PROVIDER_URL and SIGNALBOX_FIRST_PROVIDER_KEY"
            ),
        }
    }
}

/// Tells the service manager, where there is one.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd could not be told");
    }
}
