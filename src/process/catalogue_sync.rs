//! Bringing a provider's catalogue into ours.
//!
//! Correctness: only a complete list delists, and never over a fifth of the catalogue unless an operator says so. A row
//! that could not be read is still in the list. A provider that asks to be left alone is asked for its list before that is
//! over by an operator alone. A run whose process dies is closed as failed by the next one.

use std::{collections::HashSet, time::Duration};

use chrono::Utc;
use tokio::time::{Instant, sleep};

use super::ProviderOperations;
use crate::{
    command::{CommandError, CompleteList, Done, TakenOver},
    domain::{
        Incarnation, ProviderId, ServiceId, SyncId,
        sync::{SyncCommand, SyncTrigger},
    },
    journal::read_head,
    metrics,
    provider_api::{Catalogue, Timed},
};

/// One missing service in so many is a change of the catalogue; more is a broken list.
const GUARDED_SHARE: usize = 5;
/// Between two tries to record the end of a run while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// Whether a sync may delist a large part of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delisting {
    /// Only up to a fifth.
    Guarded,
    /// Whatever is missing.
    Accepted,
}

impl ProviderOperations {
    /// Runs a sync that an operator asked for, and returns when it has ended, well or badly.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while another sync of the provider runs; `Unavailable` where another process does the
    /// syncing, or the database is away.
    pub async fn sync(
        &self,
        provider: ProviderId,
        delisting: Delisting,
    ) -> Result<Done<SyncId>, CommandError> {
        self.run_sync(provider, SyncTrigger::Manual, delisting).await
    }

    /// Runs a sync whose time has come; it never delists a large part of the catalogue.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub(super) async fn scheduled_sync(
        &self,
        provider: ProviderId,
    ) -> Result<Done<SyncId>, CommandError> {
        self.run_sync(provider, SyncTrigger::Scheduled, Delisting::Guarded).await
    }

    /// Runs a sync that is asked for because the provider refused a service that its list had.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub(super) async fn sync_after_refusal(
        &self,
        provider: ProviderId,
    ) -> Result<Done<SyncId>, CommandError> {
        self.run_sync(provider, SyncTrigger::ServiceRefused, Delisting::Guarded).await
    }

    async fn run_sync(
        &self,
        provider: ProviderId,
        trigger: SyncTrigger,
        delisting: Delisting,
    ) -> Result<Done<SyncId>, CommandError> {
        let name = self.commands.find_provider(provider).await?.aggregate.name;
        let lock = self.commands.sync_lock(provider);
        let Ok(_running) = lock.try_lock() else {
            return Err(CommandError::Conflict("a sync of this provider is running".to_owned()));
        };
        let Some(incarnation) = self.commands.claims().tenure() else {
            return Err(CommandError::Unavailable(
                "another process is the one that talks to providers: ask that one".to_owned(),
            ));
        };
        let id = self.commands.start_sync(provider, trigger, incarnation).await?;
        let mut taken = TakenOver::default();
        let ran = self.run(provider, delisting, &mut taken).await;
        let TakenOver { counts, warnings } = taken;
        for warning in &warnings {
            tracing::warn!(%provider, warning, "a sync found something to look at");
        }
        let end = match ran {
            Ok(errors) => SyncCommand::Complete { counts, errors: [warnings, errors].concat() },
            Err(stopped) => {
                SyncCommand::Fail { counts, errors: [vec![stopped], warnings].concat() }
            }
        };
        let succeeded = matches!(end, SyncCommand::Complete { .. });
        let ended = self.end(id, end, incarnation).await?;
        metrics::sync_ended(name, succeeded.then(|| Utc::now().timestamp()));
        Ok(ended)
    }

    /// Records how a run ended, however long the database stays away, unless a later tenure has to close the run.
    async fn end(
        &self,
        id: SyncId,
        end: SyncCommand,
        incarnation: Incarnation,
    ) -> Result<Done<SyncId>, CommandError> {
        loop {
            let ended = self.commands.end_sync(id, end.clone()).await;
            let is_ours = self.commands.claims().tenure() == Some(incarnation);
            match ended {
                Err(CommandError::Unavailable(_)) if is_ours => sleep(RETRY).await,
                // Ended before: by a later tenure, or by a try whose outcome could not be told.
                Err(CommandError::Conflict(_)) => {
                    let position = read_head(self.commands.journal().pool()).await?;
                    return Ok(Done { value: id, position });
                }
                ended => return ended,
            }
        }
    }

    /// Returns the errors by row, or what stopped the run.
    async fn run(
        &self,
        provider: ProviderId,
        delisting: Delisting,
        taken: &mut TakenOver,
    ) -> Result<Vec<String>, String> {
        let endpoint = self.endpoints.of(provider).await.map_err(|error| error.to_string())?;
        let asked_at = Utc::now();
        let called = self.client.services(&endpoint).await.map_err(|failure| {
            self.list_rests.take(provider, failure.retry_after, Instant::now());
            failure.reason
        });
        let Timed { value: Catalogue { rows, errors: row_errors }, .. } = called?;
        let present: HashSet<ServiceId> = rows
            .iter()
            .map(|row| row.provider_service_id.as_str())
            .chain(row_errors.iter().filter_map(|row| row.provider_service_id.as_deref()))
            .map(|id| ServiceId::derive(provider, id))
            .collect();
        let unnamed_row = row_errors.iter().any(|row| row.provider_service_id.is_none());
        let mut errors: Vec<String> = row_errors.into_iter().map(|row| row.message).collect();
        let (missing, held_back) = self.missing(provider, &present, delisting, unnamed_row);
        errors.splice(0..0, held_back);
        let list = CompleteList { asked_at, rows, missing };
        let taking = self.commands.take_over_list(provider, list, taken).await;
        taking.map_err(|error| error.to_string())?;
        Ok(errors)
    }

    /// Returns the services to delist, and why some that are missing are not among them.
    fn missing(
        &self,
        provider: ProviderId,
        present: &HashSet<ServiceId>,
        delisting: Delisting,
        unnamed_row: bool,
    ) -> (Vec<ServiceId>, Option<String>) {
        let listed: Vec<ServiceId> = self.commands.catalogue().read(|snapshot| {
            let listed = |id: &ServiceId| {
                let service = snapshot.service(*id).and_then(|s| s.aggregate.associated());
                service.is_some_and(|service| service.listed)
            };
            snapshot.services_of(provider).map(|(id, _)| id).filter(listed).collect()
        });
        let missing: Vec<ServiceId> =
            listed.iter().filter(|id| !present.contains(id)).copied().collect();
        let count = missing.len();
        let too_many = count * GUARDED_SHARE > listed.len();
        if count > 0 && unnamed_row && delisting == Delisting::Guarded {
            let held = format!(
                "{count} services are missing, and rows without an id may be theirs: nothing was \
                 delisted; sync again with acceptDelisting if the list is right"
            );
            return (vec![], Some(held));
        }
        if too_many && delisting == Delisting::Guarded {
            let held = format!(
                "{count} of {} services are missing, over a fifth of the catalogue: nothing was \
                 delisted; sync again with acceptDelisting if the list is right",
                listed.len()
            );
            return (vec![], Some(held));
        }
        (missing, None)
    }
}
