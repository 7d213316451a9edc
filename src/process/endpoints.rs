use crate::{
    command::{CommandError, Commands},
    credentials::CredentialError,
    domain::{
        ProviderId,
        provider::{InvalidUrl, Provider, ProviderUrl, UpstreamPolicy},
    },
    provider_api::{Endpoint, Timeouts},
};

/// Finds where a provider is asked, and with which key. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Endpoints {
    commands: Commands,
    policy: UpstreamPolicy,
}

/// Why a provider cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It was deleted.
    #[error("there is no such provider any more")]
    NotFound,
    /// Its address is not allowed any more.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// Its key is not to be had.
    #[error(transparent)]
    Key(#[from] CredentialError),
}

impl EndpointError {
    /// Tells whether trying again can help without anybody mending something.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Key(CredentialError::Unreachable(_)))
    }
}

impl From<EndpointError> for CommandError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::NotFound => Self::NotFound(error.to_string()),
            EndpointError::Url(_) | EndpointError::Key(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl Endpoints {
    /// Makes the finder. The policy of today is held against addresses entered under another.
    pub fn new(commands: Commands, policy: UpstreamPolicy) -> Self {
        Self { commands, policy }
    }

    /// Finds the endpoint of a provider, deleted or not: an order may still have to be asked about.
    ///
    /// # Errors
    /// [`EndpointError`] says what is in the way.
    pub async fn of(&self, id: ProviderId) -> Result<Endpoint, EndpointError> {
        let (found, texts) = self
            .commands
            .catalogue()
            .read(|snapshot| (snapshot.provider(id).cloned(), snapshot.error_texts()));
        let Provider { name, api_url, credential_id, dialect, limits, .. } =
            found.ok_or(EndpointError::NotFound)?.aggregate;
        let url = ProviderUrl::try_new(&api_url, self.policy)?;
        let key = self.commands.credentials().open(credential_id).await?;
        let turns = self.commands.claims().turns(id, &limits);
        let timeouts = Timeouts::from(&limits);
        let provider_id = id;
        Ok(Endpoint { provider_id, provider: name, url, key, texts, dialect, timeouts, turns })
    }
}
