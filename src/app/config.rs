use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chrono::TimeDelta;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use super::Monitoring;
use crate::{
    domain::{
        provider::{BreakerPolicy, UpstreamPolicy},
        routing::Strategy,
        service::PriceWatch,
    },
    postgres::Durability,
    process::{DispatchPace, DoubtPace, HealthPace, StatusPace, SyncPace},
    provider_api::CallLimits,
};

/// How often providers are ranked, unless somebody says otherwise.
pub const RANKING_PACE: Duration = Duration::from_secs(60);

/// What differs between installations.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// Where HTTP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Which database.
    pub database: DatabaseConfig,
    /// Where the private database and the sealing key are kept.
    pub data_dir: PathBuf,
    /// Folder of read models that analysts add, as `.sql` files.
    pub read_models: Option<PathBuf>,
    /// Seals provider keys: 32 bytes in base64.
    pub secret_key: Option<SecretString>,
    /// A bearer token with all rights.
    pub admin_token: Option<SecretString>,
    /// Added once, where no provider was ever added.
    pub first_provider: Option<FirstProvider>,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// How long provider calls may take.
    pub call_limits: CallLimits,
    /// How long the dispatcher waits where waiting is called for.
    pub pace: DispatchPace,
    /// How the candidates of services without a strategy of their own are ordered.
    pub default_strategy: Strategy,
    /// How often providers are asked how orders stand.
    pub status_pace: StatusPace,
    /// How often providers are ranked by what was measured of them.
    pub ranking_pace: Duration,
    /// How often providers are asked for evidence of what is in doubt.
    pub doubt_pace: DoubtPace,
    /// How the schedule of syncs is kept.
    pub sync_pace: SyncPace,
    /// How far a provider's rate may move without an alert.
    pub price_watch: PriceWatch,
    /// How providers are watched, and where operators are told.
    pub monitoring: Monitoring,
    /// When a provider is set aside for what its attempts come to; `None` leaves that to operators.
    pub breaker: Option<BreakerPolicy>,
    /// How closely providers that are set aside are watched.
    pub health_pace: HealthPace,
    /// How long orders wait for providers that are set aside, unless their service says otherwise.
    pub wait_limit: TimeDelta,
}

/// Which database an installation uses.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// One that the program starts in its data folder and stops with itself.
    Private(Durability),
    /// The operator's own.
    External {
        /// How to reach it.
        options: Box<PgConnectOptions>,
        /// Whether it may run without forcing commits to disk. Only tests may.
        durability: Durability,
    },
}

/// The provider that a new installation begins with.
#[derive(Debug, Clone)]
pub struct FirstProvider {
    /// Its name.
    pub name: String,
    /// Where its API is.
    pub url: String,
    /// Our key there.
    pub key: SecretString,
}
