//! Which services for sale would stand alone if their provider failed.

use super::{ReadError, Reads, ServiceRow, rankings::Candidates};
use crate::domain::{
    ProviderId,
    routing::{BackupFacts, CandidateFacts, CoverageGap, CoverageProblem, Sale, coverage_gaps},
    service::{ServiceKind, Units},
};

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
        let for_sale = self.all_candidates().await?;
        let gaps = for_sale.iter().flat_map(Candidates::gaps).collect();
        Ok(Coverage { for_sale: for_sale.len(), gaps })
    }
}

impl Candidates {
    fn gaps(&self) -> Vec<CoverageRow> {
        let mut facts = self.known();
        let Some(primary) = facts.next() else { return vec![] };
        let backups: Vec<BackupFacts> =
            facts.map(|backup| self.compared(&primary, backup)).collect();
        let gaps = coverage_gaps(&sale(&self.ordered), &primary, &backups);
        let row = |(index, gap)| CoverageRow {
            service: self.ordered.clone(),
            gap: self.named(gap),
            key: i64::from(self.ordered.number) << 10 | index,
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
