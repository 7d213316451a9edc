//! The balance of an account from the time when it was declared exclusive, which later readings are held against.

use std::collections::HashMap;

use tokio::time::{Instant, sleep};

use super::settle::DoubtSettlement;
use crate::{domain::ProviderId, provider_api::Timed};

/// When each provider is asked again, after it did not answer.
type Retries = HashMap<ProviderId, Instant>;

impl DoubtSettlement {
    /// Reads the balance at each provider that was declared exclusive since it was read last, again and again.
    pub(super) async fn keep_baselines(&self) {
        let mut retries = Retries::new();
        loop {
            self.read_baselines(&mut retries).await;
            sleep(self.needs.pace.look).await;
        }
    }

    async fn read_baselines(&self, retries: &mut Retries) {
        let due = self.needs.commands.catalogue().read(|known| {
            let exclusive = known.providers().filter_map(|(id, provider)| {
                let since = provider.exclusive_since?;
                let read = provider.balance.as_ref().is_some_and(|it| it.read_at >= since);
                (provider.exists() && !read).then_some(id)
            });
            exclusive.collect::<Vec<_>>()
        });
        let now = Instant::now();
        for provider in due {
            if retries.get(&provider).is_none_or(|then| *then <= now) {
                retries.insert(provider, now + self.needs.pace.at_most);
                self.read_baseline(provider).await;
            }
        }
    }

    async fn read_baseline(&self, provider: ProviderId) {
        let Some(endpoint) = self.endpoint(provider).await else { return };
        let Ok(Timed { value, response_ms }) = self.needs.client.balance(&endpoint).await else {
            return;
        };
        let recorded =
            self.needs.commands.record_connection_test(provider, Ok(value), response_ms).await;
        if let Err(error) = recorded {
            tracing::debug!(%provider, %error, "cannot record a balance");
        }
    }
}
