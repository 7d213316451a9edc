use secrecy::SecretString;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    command::Commands,
    graphql::{Api, Backend},
    process::{DispatchStatus, ProviderOperations},
    projection::Projections,
    read::{Feed, Reads},
};

/// What the HTTP side stands on. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// What changes things.
    pub commands: Commands,
    /// What is asked of providers at once.
    pub operations: ProviderOperations,
    /// What is read.
    pub reads: Reads,
    /// How far the read models are.
    pub projections: Projections,
    /// The token with all rights; without one, nobody gets in.
    pub admin_token: Option<SecretString>,
    /// Whether this process is the one that dispatches orders.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Ends connections that would go on by themselves, and, where [`serve`](super::serve) listens, takes no new ones.
    pub stop: CancellationToken,
    /// Pools of connections by name, to be watched.
    pub pools: Vec<(String, PgPool)>,
}

/// The same, made ready to answer.
pub(super) struct App {
    pub(super) api: Api,
    pub(super) backend: Backend,
    pub(super) admin_token: Option<SecretString>,
    pub(super) dispatching: watch::Receiver<DispatchStatus>,
    pub(super) stop: CancellationToken,
    /// Those that have left HTTP, which its server does not know of.
    pub(super) connections: TaskTracker,
    pub(super) pools: Vec<(String, PgPool)>,
}

impl App {
    pub(super) fn new(state: AppState) -> Self {
        let feed = Feed::new(state.reads.clone(), state.commands.journal().head());
        let backend = Backend {
            feed,
            commands: state.commands,
            operations: state.operations,
            reads: state.reads,
            projections: state.projections,
        };
        Self {
            api: Api::new(backend.clone()),
            backend,
            admin_token: state.admin_token,
            dispatching: state.dispatching,
            stop: state.stop,
            connections: TaskTracker::new(),
            pools: state.pools,
        }
    }
}
