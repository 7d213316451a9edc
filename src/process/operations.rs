use super::{Endpoints, rests::Rests};
use crate::{command::Commands, domain::provider::UpstreamPolicy, provider_api::PanelClient};

/// What operators ask of providers at once: connection tests and syncs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProviderOperations {
    pub(super) commands: Commands,
    pub(super) endpoints: Endpoints,
    pub(super) client: PanelClient,
    /// Of those that do not want to be asked for their list.
    pub(super) list_rests: Rests,
}

impl ProviderOperations {
    /// Composes the operations.
    pub fn new(commands: Commands, client: PanelClient, policy: UpstreamPolicy) -> Self {
        let endpoints = Endpoints::new(commands.clone(), policy);
        let list_rests = Rests::under(commands.breaker());
        Self { commands, endpoints, client, list_rests }
    }
}
