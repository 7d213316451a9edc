//! The balance of an account from the time when it was declared exclusive, which later readings are held against.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};

use super::settle::DoubtSettlement;
use crate::{domain::ProviderId, provider_api::Timed};

/// What was read in this tenure, and what is to be.
#[derive(Default)]
struct Baselines {
    /// For which declaration each provider's balance was read.
    read: HashMap<ProviderId, DateTime<Utc>>,
    /// When each provider is asked again, after it did not answer.
    retries: HashMap<ProviderId, Instant>,
}

impl DoubtSettlement {
    /// Reads the balance at each provider that was declared exclusive since it was read last, again and again.
    pub(super) async fn keep_baselines(&self) {
        let mut baselines = Baselines::default();
        loop {
            self.read_baselines(&mut baselines).await;
            sleep(self.needs.pace.look).await;
        }
    }

    async fn read_baselines(&self, baselines: &mut Baselines) {
        // A reading that came later than that was asked for after the declaration.
        let longest = self.needs.client.limits().balance;
        let due = self.needs.commands.catalogue().read(|known| {
            let exclusive = known.providers().filter_map(|(id, provider)| {
                let since = provider.exclusive_since?;
                let read = baselines.read.get(&id) == Some(&since)
                    || provider.balance.as_ref().is_some_and(|it| it.read_at >= since + longest);
                (provider.exists() && !read).then_some((id, since))
            });
            exclusive.collect::<Vec<_>>()
        });
        let now = Instant::now();
        for (provider, since) in due {
            let is_due = baselines.retries.get(&provider).is_none_or(|then| *then <= now);
            if is_due && self.rests.is_over(provider, now) {
                baselines.retries.insert(provider, now + self.needs.pace.at_most);
                if self.read_baseline(provider).await {
                    baselines.read.insert(provider, since);
                    baselines.retries.remove(&provider);
                }
            }
        }
    }

    /// Reads one, and tells whether it is on record.
    async fn read_baseline(&self, provider: ProviderId) -> bool {
        let Some(endpoint) = self.endpoint(provider).await else { return false };
        let Ok(Timed { value, response_ms }) = self.balance(&endpoint).await else { return false };
        let recorded =
            self.needs.commands.record_connection_test(provider, Ok(value), response_ms).await;
        if let Err(error) = &recorded {
            tracing::debug!(%provider, %error, "cannot record a balance");
        }
        recorded.is_ok()
    }
}
