//! Syncs that are asked for because a provider refuses what its list had. That one is owed follows from what is on record,
//! so one that was asked for in an earlier tenure and not run is run in this one.

use std::{collections::HashMap, time::Duration};

use tokio::time::{Instant, sleep};

use super::ProviderHealth;
use crate::{
    command::{CommandError, Commands},
    domain::ProviderId,
    process::rests::Rests,
    read::Reads,
};

/// The read models that say which syncs are owed.
const RESTS_ON: [&str; 3] = ["providers", "services", "sync_logs"];
/// Between two tries to read them.
const RETRY: Duration = Duration::from_secs(1);

/// When syncs were asked for, and when they were last begun.
#[derive(Debug, Default)]
pub(super) struct RequestedSyncs(HashMap<ProviderId, Request>);

#[derive(Debug, Default)]
struct Request {
    wanted: bool,
    begun: Option<Instant>,
}

impl RequestedSyncs {
    pub(super) fn ask_for(&mut self, provider: ProviderId) {
        self.0.entry(provider).or_default().wanted = true;
    }

    /// Returns those whose list was not read because of this for a while, and that did not ask to be left alone; they are
    /// under way from now on.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        rest: Duration,
        rests: &Rests,
    ) -> Vec<ProviderId> {
        let mut due = vec![];
        for (provider, request) in &mut self.0 {
            let rested = request.begun.is_none_or(|begun| begun + rest <= now);
            if request.wanted && rested && rests.is_over(*provider, now) {
                *request = Request { wanted: false, begun: Some(now) };
                due.push(*provider);
            }
        }
        due
    }
}

impl ProviderHealth {
    /// Looks up, beside the watch, which syncs earlier tenures owe.
    pub(super) fn look_up_owed_syncs(&mut self) {
        let (commands, reads) = (self.commands().clone(), self.reads.clone());
        self.owed_syncs.spawn(async move {
            loop {
                match owed_syncs(&commands, &reads).await {
                    Ok(owed) => return owed,
                    Err(error) => tracing::debug!(%error, "cannot look up which syncs are owed"),
                }
                sleep(RETRY).await;
            }
        });
    }

    pub(super) fn take_owed_syncs(&mut self, owed: Vec<ProviderId>) {
        owed.into_iter().for_each(|provider| self.syncs.ask_for(provider));
    }

    /// Begins a sync; it goes on to its end whatever becomes of this process's tenure.
    pub(super) fn sync(&self, provider: ProviderId) {
        let operations = self.operations.clone();
        tokio::spawn(async move {
            if let Err(error) = operations.sync_after_refusal(provider).await {
                tracing::warn!(%provider, %error, "a sync after a refused service could not be run");
            }
        });
    }
}

async fn owed_syncs(commands: &Commands, reads: &Reads) -> Result<Vec<ProviderId>, CommandError> {
    commands.read_models_current(&RESTS_ON).await?;
    reads.owed_syncs().await.map_err(|error| CommandError::Unavailable(error.to_string()))
}
