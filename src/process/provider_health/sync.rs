//! Syncs that are asked for because a provider refuses what its list had.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::ProviderHealth;
use crate::{domain::ProviderId, process::rests::Rests};

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
