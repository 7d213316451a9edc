use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde::de::DeserializeOwned;

use crate::{
    domain::{
        Aggregate, Position, ProviderId, ServiceId,
        provider::{Circuit, Provider, ProviderLimits},
        refusal::{ErrorTexts, RefusalText},
        routing::{CandidateFacts, Decision, Exclusion, Request, Strategy, decide},
        service::{Backup, Imported, LinkLock, Service},
    },
    journal::RecordedEvent,
};

/// An aggregate and the head of its stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versioned<A> {
    /// The state.
    pub aggregate: A,
    /// The head of the stream.
    pub version: i64,
}

/// A decision, and the versions that it rests on.
#[derive(Debug, Clone)]
pub struct Route {
    /// Which candidate, and why.
    pub decision: Decision,
    /// Heads of the chosen provider's and service's streams at the decision.
    pub chosen: Option<ChosenVersions>,
    /// How hard and how patiently the chosen provider is called.
    pub limits: ProviderLimits,
}

impl Route {
    /// Tells whether the choice is this provider's.
    pub fn leads_to(&self, provider: ProviderId) -> bool {
        self.decision.choice().is_some_and(|candidate| candidate.provider_id == provider)
    }
}

/// Heads of the streams that a choice rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenVersions {
    /// Of the provider that is asked.
    pub provider: i64,
    /// Of the service that is bought.
    pub service: i64,
}

/// All providers and services, and what operators say of error texts, as they were at a position of the journal.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Up to where the journal is folded in.
    pub position: Position,
    providers: HashMap<ProviderId, Versioned<Provider>>,
    services: HashMap<ServiceId, Versioned<Service>>,
    by_provider: HashMap<ProviderId, BTreeSet<ServiceId>>,
    backing: HashMap<ServiceId, BTreeSet<ServiceId>>,
    error_texts: Arc<ErrorTexts>,
    default_strategy: Strategy,
}

impl Snapshot {
    /// Begins before the first event; `default_strategy` is that of services without one of their own.
    pub(super) fn new(default_strategy: Strategy) -> Self {
        Self { default_strategy, ..Self::default() }
    }

    /// Returns what operators say of error texts.
    pub fn error_texts(&self) -> Arc<ErrorTexts> {
        self.error_texts.clone()
    }

    /// Finds a provider, deleted ones included.
    pub fn provider(&self, id: ProviderId) -> Option<&Versioned<Provider>> {
        self.providers.get(&id)
    }

    /// Returns the active providers, but for those that are probed: what probes find counts as well.
    pub fn providers_to_watch(&self) -> Vec<ProviderId> {
        let watched = self
            .providers()
            .filter(|(_, provider)| provider.is_active() && !provider.breaker.is_probed());
        watched.map(|(id, _)| id).collect()
    }

    /// Returns all providers, deleted ones included.
    pub fn providers(&self) -> impl Iterator<Item = (ProviderId, &Provider)> {
        self.providers.iter().map(|(id, provider)| (*id, &provider.aggregate))
    }

    /// Tells whether any provider was ever added.
    pub fn has_ever_had_a_provider(&self) -> bool {
        !self.providers.is_empty()
    }

    /// Finds a service, retired ones included.
    pub fn service(&self, id: ServiceId) -> Option<&Versioned<Service>> {
        self.services.get(&id)
    }

    /// Returns a provider's services, retired ones included.
    pub fn services_of(
        &self,
        provider: ProviderId,
    ) -> impl Iterator<Item = (ServiceId, &Versioned<Service>)> {
        let ids = self.by_provider.get(&provider).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.services.get(id)?)))
    }

    /// Returns the services that name this one as an equivalent.
    pub fn backed_by(&self, backup: ServiceId) -> impl Iterator<Item = ServiceId> {
        self.backing.get(&backup).into_iter().flatten().copied()
    }

    /// Tells whether orders of two services on one link wait for one another: the same service, services that stand in for
    /// one another or for which the same one does, or services that count the same. Not where an operator switched that
    /// off for one of them.
    pub fn same_kind(&self, one: ServiceId, other: ServiceId) -> bool {
        let known = |id| self.service(id).and_then(|service| service.aggregate.imported());
        let (Some(first), Some(second)) = (known(one), known(other)) else { return one == other };
        let candidates = |id, service: &Imported| -> BTreeSet<ServiceId> {
            service.backups.iter().map(|backup| backup.service_id).chain([id]).collect()
        };
        [first, second].iter().all(|service| service.link_lock == LinkLock::On)
            && (one == other
                || first.counts_the_same_as(second)
                || !candidates(one, first).is_disjoint(&candidates(other, second)))
    }

    /// Chooses where an order for a service goes; `barred` tells why the order itself does not go to one.
    pub fn route(
        &self,
        service: ServiceId,
        request: &Request,
        now: chrono::DateTime<chrono::Utc>,
        barred: impl Fn(ServiceId) -> Option<Exclusion>,
    ) -> Option<Route> {
        let ordered = self.service(service)?.aggregate.imported()?;
        let primary = std::iter::once((service, None));
        let backups =
            ordered.backups.iter().map(|backup| (backup.service_id, Some(backup.priority)));
        let facts = primary.chain(backups).filter_map(|(id, mapping_priority)| {
            let barred = barred(id);
            Some(CandidateFacts { mapping_priority, barred, ..self.facts(id, ordered, now)? })
        });
        let strategy = ordered.strategy.unwrap_or(self.default_strategy);
        let decision = decide(self.position, strategy, request, facts.collect());
        let chosen = decision.choice().and_then(|candidate| {
            Some(ChosenVersions {
                provider: self.provider(candidate.provider_id)?.version,
                service: self.service(candidate.service_id)?.version,
            })
        });
        let choice = decision.choice().and_then(|choice| self.provider(choice.provider_id));
        let limits = choice.map(|provider| provider.aggregate.limits).unwrap_or_default();
        Some(Route { decision, chosen, limits })
    }

    fn facts(
        &self,
        id: ServiceId,
        ordered: &Imported,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Option<CandidateFacts> {
        let service = self.service(id)?.aggregate.imported()?;
        let provider = &self.provider(service.provider_id)?.aggregate;
        Some(CandidateFacts {
            provider_id: service.provider_id,
            service_id: id,
            provider_service_id: service.listing.provider_service_id.clone(),
            mapping_priority: None,
            provider_priority: provider.priority,
            score_ppm: provider.score.score_ppm,
            active: provider.is_active(),
            enabled: service.enabled,
            listed: service.listed,
            kind_fits: service.listing.kind == ordered.listing.kind,
            limits: (service.listing.min, service.listing.max),
            dripfeed: service.listing.dripfeed,
            rate: service.listing.rate,
            balance: provider.fresh_balance(now),
            set_aside: set_aside(provider, service),
            on_trial: matches!(provider.breaker.circuit(), Circuit::HalfOpen { .. }),
            barred: None,
        })
    }

    /// Folds an event in; those of other streams pass by.
    ///
    /// # Errors
    /// What cannot be decoded: an event of a later version of the program.
    pub(super) fn apply(&mut self, event: &RecordedEvent<'_>) -> Result<(), serde_json::Error> {
        match event.aggregate_type {
            Provider::TYPE => {
                if let Ok(id) = event.aggregate_id.parse() {
                    fold(self.providers.entry(id).or_default(), event)?;
                }
            }
            Service::TYPE => {
                if let Ok(id) = event.aggregate_id.parse() {
                    self.apply_to_service(id, event)?;
                }
            }
            RefusalText::TYPE => {
                let said = event.content()?;
                Arc::make_mut(&mut self.error_texts).take(&said);
            }
            _ => {}
        }
        Ok(())
    }

    fn apply_to_service(
        &mut self,
        id: ServiceId,
        event: &RecordedEvent<'_>,
    ) -> Result<(), serde_json::Error> {
        let service = self.services.entry(id).or_default();
        let before = backups(&service.aggregate);
        fold(service, event)?;
        let after = backups(&service.aggregate);
        if let Some(imported) = service.aggregate.imported() {
            self.by_provider.entry(imported.provider_id).or_default().insert(id);
        }
        for gone in before.difference(&after) {
            self.backing.entry(*gone).or_default().remove(&id);
        }
        for new in after.difference(&before) {
            self.backing.entry(*new).or_default().insert(id);
        }
        Ok(())
    }
}

fn set_aside(provider: &Provider, service: &Imported) -> Vec<Exclusion> {
    let refused = service.standing.is_suspended().then_some(Exclusion::ServiceSuspended);
    Exclusion::by_breaker(&provider.breaker).into_iter().chain(refused).collect()
}

fn backups(service: &Service) -> BTreeSet<ServiceId> {
    let backups = service.imported().map(|imported| imported.backups.as_slice());
    backups.unwrap_or_default().iter().map(|backup: &Backup| backup.service_id).collect()
}

fn fold<A: Aggregate>(
    stream: &mut Versioned<A>,
    event: &RecordedEvent<'_>,
) -> Result<(), serde_json::Error>
where
    A::Event: DeserializeOwned,
{
    stream.aggregate.evolve(&event.content()?);
    stream.version = event.sequence;
    Ok(())
}
