use std::{io, net::SocketAddr, path::Path};

use futures_util::FutureExt;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{
    AppConfig, Database, DatabaseError, SecretError, first_provider,
    monitoring::{self, CallRecords, MonitorNeeds, Prepared},
    secret,
    tasks::Tasks,
};
use crate::{
    alert_channel::ChannelUnavailable,
    command::{Catalogue, Claims, CommandError, CommandNeeds, Commands},
    credentials::{CredentialError, Credentials},
    http::{self, AppState},
    journal::Journal,
    metrics,
    process::{
        AttemptReports, Dispatch, DispatchNeeds, DispatchStatus, DoubtSettlement,
        DoubtSettlementNeeds, ProviderHealth, ProviderHealthNeeds, ProviderOperations,
        ProviderRankingNeeds, ProviderRankings, ScheduledSync, ScheduledSyncNeeds, StatusPoll,
        StatusPollNeeds,
    },
    projection::{ModelSet, ProjectionError, Projections, ReadModels, search_path},
    provider_api::{ClientUnavailable, PanelClient},
    read::Reads,
    vital,
};

/// Connections for loading streams, following the journal and storing keys.
const JOURNAL_CONNECTIONS: u32 = 12;
/// Connections for folding read models.
const PROJECTION_CONNECTIONS: u32 = 7;
/// Connections for answering queries.
const READ_CONNECTIONS: u32 = 12;

/// A running installation.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    commands: Commands,
    operations: ProviderOperations,
    reads: Reads,
    projections: Projections,
    database: Database,
    dispatching: watch::Receiver<DispatchStatus>,
    /// First nothing new is begun …
    stop: CancellationToken,
    tasks: Tasks,
    call_records: CallRecords,
    /// … and when what was begun has ended, the read models rest too.
    stop_folding: CancellationToken,
}

/// Why an installation does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The sealing key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The stored provider keys.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// The read models.
    #[error(transparent)]
    Projections(#[from] ProjectionError),
    /// The journal.
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] sqlx::Error),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] ClientUnavailable),
    /// The HTTP client for alerts.
    #[error(transparent)]
    Channel(#[from] ChannelUnavailable),
    /// The provider from the environment.
    #[error("the first provider (SIGNALBOX_FIRST_PROVIDER_…) cannot be added: {0}")]
    FirstProvider(CommandError),
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

impl App {
    /// Starts everything; returns once HTTP is served.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way; nothing is left running then.
    pub async fn start(config: AppConfig) -> Result<Self, StartError> {
        metrics::install();
        // Before anything is started: a taken address is the commonest reason not to.
        let address = config.listen;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| StartError::Listen { address, source })?;
        // A database is opened only with its key: from then on the data folder is tied to it.
        secret::check(config.secret_key.as_ref(), &config.database)?;
        let database = Database::open(&config.database, &config.data_dir).await?;
        match Parts::start(&config, &database).await {
            Ok(parts) => Ok(parts.serve(config, database, listener)),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    /// Where HTTP is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What may be asked of the installation.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// What operators ask of providers at once.
    pub fn operations(&self) -> &ProviderOperations {
        &self.operations
    }

    /// Answers from the read models.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// How far the read models are.
    pub fn projections(&self) -> &Projections {
        &self.projections
    }

    /// Whether this process dispatches, now and from now on.
    pub fn dispatching(&self) -> watch::Receiver<DispatchStatus> {
        self.dispatching.clone()
    }

    /// Returns when a part has ended by itself, which none should.
    pub async fn failed(&mut self) {
        tokio::select! {
            () = self.tasks.one_ended() => {}
            () = self.call_records.one_ended() => {}
        }
    }

    /// Stops: no new claims, calls under way are awaited, unsent claims are released, requests are answered.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.all_ended().await;
        self.call_records.stop().await;
        self.stop_folding.cancel();
        self.database.close().await;
    }
}

/// Returns the read models that the program comes with, and those of a folder.
///
/// # Errors
/// [`ProjectionError::Folder`] where the folder cannot be read.
pub fn read_models(folder: Option<&Path>) -> Result<ModelSet, ProjectionError> {
    let built_in = ModelSet::from(ReadModels::embedded());
    match folder {
        Some(folder) => built_in.with_folder(folder),
        None => Ok(built_in),
    }
}

/// What is started before HTTP.
struct Parts {
    commands: Commands,
    operations: ProviderOperations,
    client: PanelClient,
    reads: Reads,
    projections: Projections,
    prepared: Prepared,
    claims_work: tokio::sync::mpsc::UnboundedReceiver<crate::command::Work>,
    stop_folding: CancellationToken,
}

impl Parts {
    async fn start(config: &AppConfig, database: &Database) -> Result<Self, StartError> {
        let key =
            secret::sealing_key(config.secret_key.as_ref(), &config.database, &config.data_dir)?;
        database.migrate().await?;
        let pool = database.pool(JOURNAL_CONNECTIONS, "public", "signalbox");
        let journal = Journal::start(database.options(), pool.clone()).await?;
        let models = read_models(config.read_models.as_deref())?;
        let path = search_path(models.models());
        let folding = database.pool(PROJECTION_CONNECTIONS, "public", "signalbox read models");
        let stop_folding = CancellationToken::new();
        let unless_started = stop_folding.clone().drop_guard();
        let projections =
            Projections::start(folding, models, journal.head(), stop_folding.clone()).await?;
        let reads = Reads::new(database.pool(READ_CONNECTIONS, &path, "signalbox reads"))
            .with_default_strategy(config.default_strategy);
        let credentials = Credentials::new(pool, key);
        credentials.check().await?;
        let (claims, claims_work) = Claims::new(config.call_limits.add);
        let commands = Commands::new(CommandNeeds {
            catalogue: Catalogue::start(&journal, config.default_strategy).await?,
            journal,
            credentials,
            claims,
            reads: reads.pool().clone(),
            policy: config.policy,
            price_watch: config.price_watch,
            balance_watch: config.monitoring.balance_watch,
            breaker: config.breaker.unwrap_or_default(),
            wait_limit: config.wait_limit,
        });
        let prepared = Prepared::of(&config.monitoring)?;
        let client = prepared.watching(PanelClient::new(config.policy, config.call_limits)?);
        if let Some(first) = config.first_provider.clone() {
            first_provider::add(&commands, first).await.map_err(StartError::FirstProvider)?;
        }
        let operations = ProviderOperations::new(commands.clone(), client.clone(), config.policy);
        unless_started.disarm();
        Ok(Self {
            commands,
            operations,
            client,
            reads,
            projections,
            prepared,
            claims_work,
            stop_folding,
        })
    }

    fn serve(self, config: AppConfig, database: Database, listener: TcpListener) -> App {
        let stop = CancellationToken::new();
        let (reports, reported) = AttemptReports::new();
        let dispatch = Dispatch::new(DispatchNeeds {
            commands: self.commands.clone(),
            client: self.client.clone(),
            policy: config.policy,
            reads: self.reads.pool().clone(),
            database: database.options(),
            pace: config.pace,
            reports,
            stop: stop.clone(),
        });
        let health = ProviderHealth::new(ProviderHealthNeeds {
            operations: self.operations.clone(),
            reads: self.reads.clone(),
            breaker: config.breaker,
            pace: config.health_pace,
            reports: reported,
            dispatching: dispatch.status(),
            stop: stop.clone(),
        });
        let status_poll = StatusPoll::new(StatusPollNeeds {
            commands: self.commands.clone(),
            client: self.client.clone(),
            policy: config.policy,
            reads: self.reads.pool().clone(),
            pace: config.status_pace,
            dispatching: dispatch.status(),
            stop: stop.clone(),
        });
        let ranking = ProviderRankings::new(ProviderRankingNeeds {
            commands: self.commands.clone(),
            reads: self.reads.pool().clone(),
            every: config.ranking_pace,
            dispatching: dispatch.status(),
            stop: stop.clone(),
        });
        let doubt_settlement = DoubtSettlement::new(DoubtSettlementNeeds {
            commands: self.commands.clone(),
            client: self.client.clone(),
            policy: config.policy,
            reads: self.reads.pool().clone(),
            pace: config.doubt_pace,
            dispatching: dispatch.status(),
            stop: stop.clone(),
        });
        let scheduled_sync = ScheduledSync::new(ScheduledSyncNeeds {
            operations: self.operations.clone(),
            reads: self.reads.clone(),
            pace: config.sync_pace,
            dispatching: dispatch.status(),
            stop: stop.clone(),
        });
        let needs = MonitorNeeds {
            commands: self.commands.clone(),
            client: self.client,
            policy: config.policy,
            reads: self.reads.clone(),
            monitoring: config.monitoring,
            dispatching: dispatch.status(),
            stop: stop.clone(),
        };
        let state = AppState {
            commands: self.commands.clone(),
            operations: self.operations.clone(),
            reads: self.reads.clone(),
            projections: self.projections.clone(),
            admin_token: config.admin_token,
            dispatching: dispatch.status(),
            stop: stop.clone(),
            pools: database.pools(),
        };
        tokio::spawn(self.stop_folding.clone().run_until_cancelled_owned(metrics::keep()));
        let address = listener.local_addr().unwrap_or(config.listen);
        let dispatching = dispatch.status();
        let mut tasks = Tasks::default();
        tasks.spawn("the dispatcher", dispatch.run(self.claims_work));
        tasks.spawn("the watch on providers", vital::or_end("provider health", health.run()));
        tasks.spawn("the watch on orders", status_poll.run());
        tasks.spawn("the ranking of providers", vital::or_end("ranking", ranking.run()));
        tasks.spawn("the settlement of doubt", doubt_settlement.run());
        tasks.spawn("the schedule of syncs", scheduled_sync.run());
        let call_records = monitoring::start(self.prepared, needs, &mut tasks);
        tasks.spawn("the HTTP server", http::serve(listener, state).map(drop));
        App {
            address,
            commands: self.commands,
            operations: self.operations,
            reads: self.reads,
            projections: self.projections,
            database,
            dispatching,
            tasks,
            call_records,
            stop,
            stop_folding: self.stop_folding,
        }
    }
}
