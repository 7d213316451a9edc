use sha2::{Digest, Sha256};

use crate::domain::{OrderId, ProviderId, provider::ProviderName};

/// Who wants to hold what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub(super) name: String,
    pub(super) holder: String,
}

impl Subject {
    /// A provider's name, compared without case.
    pub fn provider_name(name: &ProviderName, holder: ProviderId) -> Self {
        Self {
            name: format!("provider name {}", name.as_str().to_lowercase()),
            holder: holder.to_string(),
        }
    }

    /// A provider's id of one of our orders.
    pub fn provider_order(provider: ProviderId, api_order_id: &str, holder: OrderId) -> Self {
        Self {
            name: format!("order {api_order_id} at provider {provider}"),
            holder: holder.to_string(),
        }
    }

    /// Id of the reservation's stream: a digest, since what providers call their orders has any length.
    pub fn stream_id(&self) -> String {
        Sha256::digest(self.name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
