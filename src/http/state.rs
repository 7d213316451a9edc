use secrecy::SecretString;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{
    command::Commands,
    graphql::{Api, Backend},
    process::{DispatchStatus, ProviderOperations},
    projection::Projections,
    read::Reads,
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
    /// Pools of connections by name, to be watched.
    pub pools: Vec<(String, PgPool)>,
}

/// The same, made ready to answer.
pub(super) struct App {
    pub(super) api: Api,
    pub(super) backend: Backend,
    pub(super) admin_token: Option<SecretString>,
    pub(super) dispatching: watch::Receiver<DispatchStatus>,
    pub(super) pools: Vec<(String, PgPool)>,
}

impl App {
    pub(super) fn new(state: AppState) -> Self {
        let backend = Backend {
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
            pools: state.pools,
        }
    }
}
