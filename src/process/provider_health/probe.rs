//! Asking those whose pause is over whether they work again.

use std::time::Duration;

use tokio::time::sleep;

use super::{ProviderHealth, run::unrecorded};
use crate::{command::CommandError, domain::ProviderId, process::ProviderOperations};

/// How long a provider is left alone of which nothing could be put on record.
const RETRY: Duration = Duration::from_millis(500);

impl ProviderHealth {
    /// Makes the balance call, unless it is under way. What it comes to is on record like every connection test, and with
    /// it what follows for the provider.
    pub(super) fn probe(&mut self, provider: ProviderId) {
        if self.probing.insert(provider) {
            let operations = self.operations.clone();
            self.probes.spawn(async move {
                if let Err(error) = probe(&operations, provider).await {
                    unrecorded(provider, Err(error));
                    sleep(RETRY).await;
                }
                provider
            });
        }
    }

    /// Takes in that a call is over; one that failed does not say whose it was.
    pub(super) fn probed(&mut self, provider: Option<ProviderId>) {
        match provider {
            Some(provider) => drop(self.probing.remove(&provider)),
            None => self.probing.clear(),
        }
    }
}

async fn probe(operations: &ProviderOperations, provider: ProviderId) -> Result<(), CommandError> {
    let test = operations.test_connection(provider).await?.value;
    if test.response_ms.is_none() {
        operations.commands.fail_probe(provider, test.message).await?;
    }
    // Lest it seem due still.
    operations.commands.catch_up().await
}
