//! Commands on sync runs, and what a run brings into the catalogue.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    CommandError, Commands, Done,
    race::{Failure, retried},
};
use crate::{
    domain::{
        Aggregate, Incarnation, ProviderId, ServiceId, SyncId,
        provider::Provider,
        service::{Service, ServiceCommand, ServiceEvent, ServiceListing},
        sync::{SyncCommand, SyncCounts, SyncRun, SyncTrigger},
    },
    journal::AppendRequest,
};

/// Events in one append of a sync: few enough that an order's append does not notice the wait.
const CHUNK: usize = 250;

/// What a run has brought into the catalogue.
#[derive(Debug, Default)]
pub struct TakenOver {
    /// How many services it left in which way.
    pub counts: SyncCounts,
    /// What an operator has to look at.
    pub warnings: Vec<String>,
}

/// A provider's list, held against the catalogue.
#[derive(Debug)]
pub struct CompleteList {
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// What it has.
    pub rows: Vec<ServiceListing>,
    /// What it does not have any more.
    pub missing: Vec<ServiceId>,
}

/// One service's share of a sync.
enum Found {
    Listed(ServiceListing),
    Missing,
}

impl Commands {
    /// Notes that a run begins.
    ///
    /// # Errors
    /// `NotFound` where there is no such provider; `Unavailable`.
    pub async fn start_sync(
        &self,
        provider_id: ProviderId,
        trigger: SyncTrigger,
        incarnation: Incarnation,
    ) -> Result<SyncId, CommandError> {
        let id = SyncId(Uuid::now_v7());
        retried!(self, {
            let provider = self.provider(provider_id)?;
            let command = SyncCommand::Start { provider_id, trigger, incarnation };
            let events = SyncRun::default().decide(command).map_err(CommandError::from)?;
            let request = AppendRequest::of_command("syncProviderServices")
                .append::<SyncRun>(id, 0, &events)
                .unless_moved::<Provider>(provider_id, provider.version);
            self.parts.journal.append(request).await?;
            Ok(id)
        })
    }

    /// Notes how a run ended.
    ///
    /// # Errors
    /// `Conflict` where it has ended before; `Unavailable`.
    pub async fn end_sync(
        &self,
        id: SyncId,
        command: SyncCommand,
    ) -> Result<Done<SyncId>, CommandError> {
        retried!(self, {
            let run = self.load::<SyncRun>(id).await?;
            let events = run.aggregate.decide(command.clone()).map_err(CommandError::from)?;
            let request = AppendRequest::of_command("syncProviderServices");
            let request = request.append::<SyncRun>(id, run.version, &events);
            Ok(Done { value: id, position: self.parts.journal.append(request).await?.position })
        })
    }

    /// Takes a complete list over into the catalogue, in chunks, each of which stands by itself. `taken` is brought up
    /// to date after each, so that a run that stops half-way can say what it did.
    ///
    /// # Errors
    /// `NotFound` where the provider was deleted meanwhile; `Unavailable`, also where this process no longer dispatches.
    pub async fn take_over_list(
        &self,
        provider: ProviderId,
        list: CompleteList,
        taken: &mut TakenOver,
    ) -> Result<(), CommandError> {
        let listed = list
            .rows
            .into_iter()
            .map(|row| (ServiceId::derive(provider, &row.provider_service_id), Found::Listed(row)));
        let missing = list.missing.into_iter().map(|id| (id, Found::Missing));
        let found: Vec<(ServiceId, Found)> = listed.chain(missing).collect();
        for chunk in found.chunks(CHUNK) {
            if self.parts.claims.tenure().is_none() {
                return Err(CommandError::Unavailable(
                    "the sync was stopped half-way: the program is ending, or another process took over".to_owned(),
                ));
            }
            let done = retried!(self, { self.take_over(provider, list.asked_at, chunk).await })?;
            taken.add(done);
        }
        Ok(())
    }

    async fn take_over(
        &self,
        provider_id: ProviderId,
        asked_at: DateTime<Utc>,
        chunk: &[(ServiceId, Found)],
    ) -> Result<TakenOver, Failure> {
        let provider = self.provider(provider_id)?;
        let mut numbers = self.numbers_for(chunk).await?.into_iter();
        let mut taken = TakenOver::default();
        let mut request = AppendRequest::of_command("syncProviderServices");
        for (id, found) in chunk {
            let known = self.parts.catalogue.read(|snapshot| snapshot.service(*id).cloned());
            let known = known.unwrap_or_default();
            let retired = known.version > 0 && known.aggregate.associated().is_none();
            let command = match found {
                // Somebody retired it during the run.
                Found::Missing if retired => continue,
                Found::Listed(listing) => ServiceCommand::Observe {
                    provider_id,
                    number: if known.version == 0 { numbers.next().unwrap_or_default() } else { 0 },
                    listing: listing.clone(),
                    watch: self.parts.price_watch,
                },
                Found::Missing => ServiceCommand::Delist,
            };
            let mut events = known.aggregate.decide(command)?;
            taken.count(&events);
            if matches!(found, Found::Listed(_)) && is_suspended(&known.aggregate) {
                events.extend(known.aggregate.decide(ServiceCommand::FindListed { at: asked_at })?);
            }
            if !events.is_empty() {
                request = request.append::<Service>(id, known.version, &events);
            }
        }
        if !request.is_empty() {
            request = request.unless_moved::<Provider>(provider_id, provider.version);
            self.change(request, ()).await?;
        }
        Ok(taken)
    }

    /// Draws a number for each service of the chunk that has none.
    async fn numbers_for(&self, chunk: &[(ServiceId, Found)]) -> Result<Vec<i64>, sqlx::Error> {
        let new = self.parts.catalogue.read(|snapshot| {
            chunk.iter().filter(|(id, _)| snapshot.service(*id).is_none()).count()
        });
        match new {
            0 => Ok(vec![]),
            new => self.parts.service_numbers.block(new as i64).await,
        }
    }
}

fn is_suspended(service: &Service) -> bool {
    service.associated().is_some_and(|service| service.standing.is_suspended())
}

impl TakenOver {
    fn add(&mut self, chunk: Self) {
        self.counts.imported += chunk.counts.imported;
        self.counts.updated += chunk.counts.updated;
        self.counts.delisted += chunk.counts.delisted;
        self.counts.unchanged += chunk.counts.unchanged;
        self.warnings.extend(chunk.warnings);
    }

    fn count(&mut self, events: &[ServiceEvent]) {
        let counts = &mut self.counts;
        let counted = match events.first() {
            None => &mut counts.unchanged,
            Some(ServiceEvent::ServiceImported { .. }) => &mut counts.imported,
            Some(ServiceEvent::ServiceDelisted {}) => &mut counts.delisted,
            Some(_) => &mut counts.updated,
        };
        *counted += 1;
        if let Some(ServiceEvent::ServiceIdReused { listing, previous_name, .. }) = events.first() {
            self.warnings.push(format!(
                "service {}: the id was `{previous_name}` and is now `{}`: off sale until an operator has looked",
                listing.provider_service_id, listing.name
            ));
        }
    }
}
