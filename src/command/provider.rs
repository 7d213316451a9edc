use secrecy::SecretString;

use super::{CommandError, Commands, Done};
use crate::domain::{ProviderId, ServiceId, provider::Activation};

/// A provider to add.
#[derive(Debug, Clone)]
pub struct AddProvider {
    /// Unique among providers, without regard to case.
    pub name: String,
    /// Where its API is.
    pub api_url: String,
    /// Our key there.
    pub api_key: SecretString,
    /// 1 is tried first.
    pub priority: i32,
}

/// Changes to a provider; what is absent stays.
#[derive(Debug, Clone)]
pub struct UpdateProvider {
    /// Which.
    pub id: ProviderId,
    /// New name.
    pub name: Option<String>,
    /// New address.
    pub api_url: Option<String>,
    /// New key.
    pub api_key: Option<SecretString>,
    /// New priority.
    pub priority: Option<i32>,
}

impl Commands {
    /// Adds a provider, active from now on.
    pub async fn add_provider(&self, _: AddProvider) -> Result<Done<ProviderId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Changes a provider.
    pub async fn update_provider(
        &self,
        _: UpdateProvider,
    ) -> Result<Done<ProviderId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Switches a provider between active and inactive.
    pub async fn toggle_provider(&self, _: ProviderId) -> Result<Done<ProviderId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Switches providers on or off, all or none.
    pub async fn set_provider_status(
        &self,
        _: Vec<ProviderId>,
        _: Activation,
    ) -> Result<Done<Vec<ProviderId>>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Deletes a provider that nothing depends on.
    pub async fn delete_provider(&self, _: ProviderId) -> Result<Done<ProviderId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Dissociates all services of a provider.
    pub async fn retire_services(
        &self,
        _: ProviderId,
    ) -> Result<Done<Vec<ServiceId>>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
}
