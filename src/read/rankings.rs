//! In which order providers are tried, and why.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;

use super::{MappingRow, Performance, ProviderRow, ReadError, Reads, ServiceRow};
use crate::domain::{
    Position, ProviderId, ServiceId,
    routing::{Candidate, CandidateFacts, Exclusion, Request, Strategy, decide},
    service::ServiceKind,
};

/// Score of a provider that nothing is known about: better than one that fails more often than not.
const UNMEASURED: f64 = 0.5;

/// A provider's place in the order in which providers are tried.
#[derive(Debug, Clone)]
pub struct ProviderRanking {
    /// Who.
    pub provider: ProviderRow,
    /// Share of recent attempts that were placed, 0 to 1; 0.5 where there was none.
    pub score: f64,
    /// What puts it there, in words.
    pub reasons: Vec<String>,
}

/// A service's candidates, with what the read models know of them.
pub(super) struct Candidates {
    pub(super) ordered: ServiceRow,
    pub(super) mappings: Vec<MappingRow>,
    pub(super) services: Arc<HashMap<ServiceId, ServiceRow>>,
    pub(super) providers: Arc<HashMap<ProviderId, ProviderRow>>,
}

/// How the attempts at each provider ended lately.
struct Recent(HashMap<ProviderId, Performance>);

impl Reads {
    /// Ranks all providers: by priority, then by the share of attempts since a day that were placed; inactive ones last.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn provider_rankings(
        &self,
        since: NaiveDate,
    ) -> Result<Vec<ProviderRanking>, ReadError> {
        let recent = self.recent(since).await?;
        let rank = |provider: ProviderRow| {
            let mut reasons = vec![priority_in_words(&provider), recent.in_words(&provider)];
            reasons.extend((!provider.active).then(|| left_out(&Exclusion::ProviderInactive)));
            ProviderRanking { score: recent.score(&provider), provider, reasons }
        };
        let mut rankings: Vec<ProviderRanking> =
            self.providers(None).await?.into_iter().map(rank).collect();
        rankings.sort_by(|a, b| {
            let place =
                |ranking: &ProviderRanking| (!ranking.provider.active, ranking.provider.priority);
            let by_place = place(a).cmp(&place(b));
            by_place.then_with(|| b.score.total_cmp(&a.score))
        });
        Ok(rankings)
    }

    /// Ranks a service's candidates in the order in which an order of any quantity would try them now; those that it
    /// would pass over come last. `None` where there is no such service, or it was retired.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn candidate_rankings(
        &self,
        service: ServiceId,
        since: NaiveDate,
    ) -> Result<Option<Vec<ProviderRanking>>, ReadError> {
        let Some(candidates) = self.candidates(service).await? else { return Ok(None) };
        let recent = self.recent(since).await?;
        let (usable, passed_over): (Vec<_>, Vec<_>) =
            candidates.in_order().into_iter().partition(|found| found.excluded.is_empty());
        let tried = usable.into_iter().chain(passed_over);
        Ok(Some(tried.filter_map(|found| candidates.ranking(&found, &recent)).collect()))
    }

    async fn candidates(&self, service: ServiceId) -> Result<Option<Candidates>, ReadError> {
        let Some(ordered) = self.service(Some(service), None).await? else { return Ok(None) };
        let mappings = self.mappings(&[service]).await?.remove(&service).unwrap_or_default();
        let mut ids: Vec<ServiceId> =
            mappings.iter().map(|mapping| ServiceId(mapping.backup_service_id)).collect();
        ids.push(service);
        let services = self.services_by_id(&ids).await?;
        let owners: Vec<ProviderId> =
            services.values().map(|service| ProviderId(service.provider_id)).collect();
        let providers = self.providers_by_id(&owners).await?;
        let (services, providers) = (Arc::new(services), Arc::new(providers));
        Ok(Some(Candidates { ordered, mappings, services, providers }))
    }

    async fn recent(&self, since: NaiveDate) -> Result<Recent, ReadError> {
        let mut recent: HashMap<ProviderId, Performance> = HashMap::new();
        for day in self.all_provider_days(since).await? {
            recent.entry(day.provider_id).or_default().merge(&day.performance);
        }
        Ok(Recent(recent))
    }
}

impl Candidates {
    /// The very rule that orders are routed by, on what the read models know.
    fn in_order(&self) -> Vec<Candidate> {
        decide(Position(0), self.strategy(), &Request::any(), self.known().collect()).candidates
    }

    /// Lists what is known of the primary, and of each backup after it.
    pub(super) fn known(&self) -> impl Iterator<Item = CandidateFacts> {
        let primary = std::iter::once((ServiceId(self.ordered.service_id), None));
        let backups = self
            .mappings
            .iter()
            .map(|mapping| (ServiceId(mapping.backup_service_id), Some(mapping.priority)));
        primary.chain(backups).filter_map(|(id, priority)| self.facts(id, priority))
    }

    fn strategy(&self) -> Strategy {
        let word = self.ordered.strategy.clone().map(serde_json::Value::String);
        word.and_then(|word| serde_json::from_value(word).ok()).unwrap_or_default()
    }

    fn facts(&self, id: ServiceId, mapping_priority: Option<i32>) -> Option<CandidateFacts> {
        let service = self.services.get(&id)?;
        let provider_id = ProviderId(service.provider_id);
        let provider = self.providers.get(&provider_id)?;
        Some(CandidateFacts {
            provider_id,
            service_id: id,
            provider_service_id: service.provider_service_id.clone(),
            mapping_priority,
            provider_priority: provider.priority,
            active: provider.active,
            enabled: service.enabled,
            listed: service.listed,
            kind_fits: ServiceKind::new(&service.kind) == ServiceKind::new(&self.ordered.kind),
            limits: (service.min, service.max),
            dripfeed: service.dripfeed,
            rate: service.rate,
            balance: None,
            barred: None,
        })
    }

    fn ranking(&self, candidate: &Candidate, recent: &Recent) -> Option<ProviderRanking> {
        let provider = self.providers.get(&candidate.provider_id)?.clone();
        let service = self.services.get(&candidate.service_id)?;
        let role = match candidate.mapping_priority {
            None => format!("primary: sells service {} itself", service.number),
            Some(priority) => format!("backup of priority {priority}: service {}", service.number),
        };
        let mut reasons = vec![role, priority_in_words(&provider), recent.in_words(&provider)];
        reasons.extend(candidate.excluded.iter().map(left_out));
        Some(ProviderRanking { score: recent.score(&provider), provider, reasons })
    }
}

impl Recent {
    fn of(&self, provider: &ProviderRow) -> Option<&Performance> {
        self.0.get(&ProviderId(provider.provider_id))
    }

    fn score(&self, provider: &ProviderRow) -> f64 {
        self.of(provider).and_then(Performance::success_rate).unwrap_or(UNMEASURED)
    }

    fn in_words(&self, provider: &ProviderRow) -> String {
        let measured = self.of(provider).filter(|recent| recent.success_rate().is_some());
        match measured {
            Some(recent) => {
                format!("placed {} of {} recent attempts", recent.placed, recent.judged())
            }
            None => format!("no recent attempts, which counts as a score of {UNMEASURED}"),
        }
    }
}

fn priority_in_words(provider: &ProviderRow) -> String {
    format!("provider priority {}", provider.priority)
}

fn left_out(rule: &Exclusion) -> String {
    format!("passed over: {rule}")
}
