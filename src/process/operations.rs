use super::Endpoints;
use crate::{command::Commands, domain::provider::UpstreamPolicy, provider_api::PanelClient};

/// What operators ask of providers at once: connection tests and syncs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProviderOperations {
    pub(super) commands: Commands,
    pub(super) endpoints: Endpoints,
    pub(super) client: PanelClient,
}

impl ProviderOperations {
    /// Composes the operations.
    pub fn new(commands: Commands, client: PanelClient, policy: UpstreamPolicy) -> Self {
        let endpoints = Endpoints::new(commands.clone(), policy);
        Self { commands, endpoints, client }
    }
}
