use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Endpoints;
use crate::{
    command::Commands,
    domain::{ProviderId, provider::UpstreamPolicy},
    provider_api::PanelClient,
};

/// What operators ask of providers at once: connection tests and syncs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProviderOperations {
    pub(super) commands: Commands,
    pub(super) endpoints: Endpoints,
    pub(super) client: PanelClient,
    syncs: Arc<Mutex<HashMap<ProviderId, Arc<tokio::sync::Mutex<()>>>>>,
}

impl ProviderOperations {
    /// Composes the operations.
    pub fn new(commands: Commands, client: PanelClient, policy: UpstreamPolicy) -> Self {
        let endpoints = Endpoints::new(commands.clone(), policy);
        Self { commands, endpoints, client, syncs: Arc::default() }
    }

    /// The lock that keeps a provider's syncs apart.
    pub(super) fn sync_lock(&self, provider: ProviderId) -> Arc<tokio::sync::Mutex<()>> {
        let mut syncs = self.syncs.lock().unwrap_or_else(PoisonError::into_inner);
        syncs.entry(provider).or_default().clone()
    }
}
