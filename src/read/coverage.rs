//! Which services for sale would stand alone if their provider failed.

use std::{collections::HashMap, sync::Arc};

use super::{
    MappingRow, PageRequest, ProviderRow, ReadError, Reads, ServiceRow, ServiceSelection,
    rankings::Candidates,
};
use crate::domain::{
    ProviderId, ServiceId,
    routing::{
        BackupFacts, CandidateFacts, CoverageGap, CoverageProblem, Sale, Strategy, coverage_gaps,
    },
    service::{ServiceKind, Units},
};

/// All services for sale, in one page.
const ALL: PageRequest = PageRequest { first: i32::MAX as i64, after: None };

/// How services for sale are covered.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// How many are for sale.
    pub for_sale: usize,
    /// What is wrong, by the service's number.
    pub gaps: Vec<CoverageRow>,
}

/// One thing that is wrong with a service's backups.
#[derive(Debug, Clone)]
pub struct CoverageRow {
    /// The service for sale.
    pub service: ServiceRow,
    /// What is wrong.
    pub gap: CoverageGap,
    /// The key of pages: by service, then in the order of its gaps.
    pub key: i64,
}

impl Coverage {
    /// Counts the gaps of one sort.
    pub fn count(&self, problem: CoverageProblem) -> usize {
        self.gaps.iter().filter(|row| row.gap.problem == problem).count()
    }
}

impl Reads {
    /// Holds the backups of every service for sale against what is sold.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn coverage(&self) -> Result<Coverage, ReadError> {
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
        let known = Known {
            providers: Arc::new(self.providers_by_id(&owners).await?),
            services: Arc::new(services),
        };
        let mut coverage = Coverage { for_sale: for_sale.len(), gaps: vec![] };
        for service in for_sale {
            let mapped = mappings.remove(&ServiceId(service.service_id)).unwrap_or_default();
            coverage.gaps.extend(known.rows(service, mapped));
        }
        Ok(coverage)
    }
}

/// Everything that is for sale or stands in for it.
struct Known {
    services: Arc<HashMap<ServiceId, ServiceRow>>,
    providers: Arc<HashMap<ProviderId, ProviderRow>>,
}

impl Known {
    fn rows(&self, service: ServiceRow, mappings: Vec<MappingRow>) -> Vec<CoverageRow> {
        let candidates = Candidates {
            ordered: service.clone(),
            default_strategy: Strategy::default(),
            mappings,
            services: self.services.clone(),
            providers: self.providers.clone(),
        };
        let mut facts = candidates.known();
        let Some(primary) = facts.next() else { return vec![] };
        let backups: Vec<BackupFacts> =
            facts.map(|backup| self.compared(&primary, backup)).collect();
        let gaps = coverage_gaps(&sale(&service), &primary, &backups);
        let row = |(index, gap)| CoverageRow {
            service: service.clone(),
            gap: self.named(gap),
            key: i64::from(service.number) << 10 | index,
        };
        (0..).zip(gaps).map(row).collect()
    }

    /// Prices are in the currency of the service's own provider.
    fn compared(&self, primary: &CandidateFacts, candidate: CandidateFacts) -> BackupFacts {
        let currency =
            |id: &ProviderId| self.providers.get(id).and_then(|row| row.currency.as_ref());
        let comparable = match (currency(&primary.provider_id), currency(&candidate.provider_id)) {
            (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
            _ => true,
        };
        BackupFacts { comparable_rate: comparable.then_some(candidate.rate), candidate }
    }

    /// Says which backup a gap is about.
    fn named(&self, gap: CoverageGap) -> CoverageGap {
        let backup = gap.backup.and_then(|id| self.services.get(&id));
        let Some(backup) = backup else { return gap };
        let provider = self.providers.get(&ProviderId(backup.provider_id));
        let provider = provider.map_or("its provider", |row| row.name.as_str());
        let message = format!("backup {} at {provider}: {}", backup.number, gap.message);
        CoverageGap { message, ..gap }
    }
}

fn sale(service: &ServiceRow) -> Sale {
    let kind = ServiceKind::new(&service.kind);
    let package = kind.requirements().is_some_and(|kind| kind.units == Units::Package);
    Sale {
        price: service.price,
        limits: (!package).then_some((service.min, service.max)),
        dripfeed: service.dripfeed,
    }
}
