//! In which order providers are tried, and why.

use std::{collections::HashMap, sync::Arc};

use super::{MappingRow, PageRequest, ProviderRow, ReadError, Reads, ServiceRow, ServiceSelection};
use crate::domain::{
    Position, ProviderId, ServiceId,
    provider::{DELIVERY_DAYS, Measures, PLACEMENT_DAYS, WHOLE_PPM},
    routing::{Candidate, CandidateFacts, Decision, Exclusion, Request, Strategy, decide},
    service::ServiceKind,
};

/// All services for sale, in one page.
const ALL: PageRequest = PageRequest { first: i32::MAX as i64, after: None };

/// A provider's place in the order in which providers are tried.
#[derive(Debug, Clone)]
pub struct ProviderRanking {
    /// Who.
    pub provider: ProviderRow,
    /// How good it has proved to be, 0 to 1.
    pub score: f64,
    /// What puts it there, in words.
    pub reasons: Vec<String>,
}

/// A service's candidates, with what the read models know of them.
pub(super) struct Candidates {
    pub(super) ordered: ServiceRow,
    pub(super) default_strategy: Strategy,
    pub(super) mappings: Vec<MappingRow>,
    pub(super) services: Arc<HashMap<ServiceId, ServiceRow>>,
    pub(super) providers: Arc<HashMap<ProviderId, ProviderRow>>,
}

impl Reads {
    /// Ranks all providers: by priority, then by score; those that no orders go to last.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn provider_rankings(&self) -> Result<Vec<ProviderRanking>, ReadError> {
        let rank = |provider: ProviderRow| {
            let mut reasons = vec![priority_in_words(&provider)];
            reasons.extend(standing_in_words(&provider));
            reasons.extend(passed_over(&provider).iter().map(left_out));
            ProviderRanking { score: score(&provider), provider, reasons }
        };
        let mut rankings: Vec<ProviderRanking> =
            self.providers(None).await?.into_iter().map(rank).collect();
        rankings.sort_by(|a, b| {
            let place = |ranking: &ProviderRanking| {
                let provider = &ranking.provider;
                (!passed_over(provider).is_empty(), provider.priority)
            };
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
    ) -> Result<Option<Vec<ProviderRanking>>, ReadError> {
        let Some(candidates) = self.candidates(service).await? else { return Ok(None) };
        let (usable, passed_over): (Vec<_>, Vec<_>) = candidates
            .decision()
            .candidates
            .into_iter()
            .partition(|found| found.excluded.is_empty());
        let tried = usable.into_iter().chain(passed_over);
        Ok(Some(tried.filter_map(|found| candidates.ranking(&found)).collect()))
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
        let default_strategy = self.default_strategy;
        Ok(Some(Candidates { ordered, default_strategy, mappings, services, providers }))
    }

    /// Lists every service for sale with its candidates, by number.
    pub(super) async fn all_candidates(&self) -> Result<Vec<Candidates>, ReadError> {
        let selection = ServiceSelection { enabled: Some(true), ..ServiceSelection::default() };
        let for_sale = self.services(&selection, ALL).await?.rows;
        let ids: Vec<ServiceId> = for_sale.iter().map(|row| ServiceId(row.service_id)).collect();
        let mut mappings = self.mappings(&ids).await?;
        let backups: Vec<ServiceId> =
            mappings.values().flatten().map(|row| ServiceId(row.backup_service_id)).collect();
        let mut services = self.services_by_id(&backups).await?;
        services.extend(for_sale.iter().map(|row| (ServiceId(row.service_id), row.clone())));
        let owners: Vec<ProviderId> =
            services.values().map(|service| ProviderId(service.provider_id)).collect();
        let providers = Arc::new(self.providers_by_id(&owners).await?);
        let services = Arc::new(services);
        let of = |ordered: ServiceRow| Candidates {
            mappings: mappings.remove(&ServiceId(ordered.service_id)).unwrap_or_default(),
            ordered,
            default_strategy: self.default_strategy,
            services: services.clone(),
            providers: providers.clone(),
        };
        Ok(for_sale.into_iter().map(of).collect())
    }
}

impl Candidates {
    /// The very rule that orders are routed by, on what the read models know.
    pub(super) fn decision(&self) -> Decision {
        decide(Position(0), self.strategy(), &Request::any(), self.known().collect())
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
        word.and_then(|word| serde_json::from_value(word).ok()).unwrap_or(self.default_strategy)
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
            score_ppm: provider.standing.score().score_ppm,
            active: provider.active,
            enabled: service.enabled,
            listed: service.listed,
            kind_fits: ServiceKind::new(&service.kind) == ServiceKind::new(&self.ordered.kind),
            limits: (service.min, service.max),
            dripfeed: service.dripfeed,
            rate: service.rate,
            balance: None,
            set_aside: set_aside(provider, service),
            on_trial: provider.suspension.is_half_open(),
            barred: None,
        })
    }

    fn ranking(&self, candidate: &Candidate) -> Option<ProviderRanking> {
        let provider = self.providers.get(&candidate.provider_id)?.clone();
        let service = self.services.get(&candidate.service_id)?;
        let role = match candidate.mapping_priority {
            None => format!("primary: sells service {} itself", service.number),
            Some(priority) => format!("backup of priority {priority}: service {}", service.number),
        };
        let mut reasons = vec![role, priority_in_words(&provider)];
        reasons.extend(standing_in_words(&provider));
        reasons.extend(candidate.share_ppm.map(|ppm| {
            format!("takes {:.0} % of the orders of its tier, by score", 100.0 * share(ppm))
        }));
        reasons.extend(candidate.excluded.iter().map(left_out));
        Some(ProviderRanking { score: score(&provider), provider, reasons })
    }
}

/// Why no orders go to a provider at present.
fn passed_over(provider: &ProviderRow) -> Vec<Exclusion> {
    let inactive = (!provider.active).then_some(Exclusion::ProviderInactive);
    inactive.into_iter().chain(provider.suspension.exclusion()).collect()
}

fn set_aside(provider: &ProviderRow, service: &ServiceRow) -> Vec<Exclusion> {
    let refused = service.suspended_since.map(|_| Exclusion::ServiceSuspended);
    provider.suspension.exclusion().into_iter().chain(refused).collect()
}

pub(super) fn score(provider: &ProviderRow) -> f64 {
    share(provider.standing.score().score_ppm)
}

pub(super) fn share(ppm: i64) -> f64 {
    ppm as f64 / WHOLE_PPM as f64
}

/// What the score was computed from. What was never measured counts as is expected of everybody.
pub(super) fn standing_in_words(provider: &ProviderRow) -> Vec<String> {
    let Measures { judged, placed, responses, response_ms_sum, ended, delivered_ppm_sum } =
        provider.standing.measures();
    let mut words = vec![match judged {
        0 => format!("no attempts in {PLACEMENT_DAYS} days, so its score is what is expected"),
        _ => format!("placed {placed} of {judged} attempts in {PLACEMENT_DAYS} days"),
    }];
    words.extend((responses > 0).then(|| {
        format!("answered in {:.0} ms on average", response_ms_sum as f64 / responses as f64)
    }));
    words.extend((ended > 0).then(|| {
        let delivered = 100.0 * share(delivered_ppm_sum) / ended as f64;
        format!("delivered {delivered:.1} % of {ended} orders that ended in {DELIVERY_DAYS} days")
    }));
    words
}

fn priority_in_words(provider: &ProviderRow) -> String {
    format!("provider priority {}", provider.priority)
}

fn left_out(rule: &Exclusion) -> String {
    format!("passed over: {rule}")
}
