//! Where operators' priorities contradict what was measured.

use super::{
    ProviderRow, ReadError, Reads, ServiceRow,
    rankings::{Candidates, score, share, standing_in_words},
};
use crate::domain::{
    ProviderId,
    provider::Activation,
    routing::{PriorityAdvice, Standing, advise, advise_on_backups},
};

/// Two providers whose order of priority contradicts what was measured.
#[derive(Debug, Clone)]
pub struct AdviceRow {
    /// Whose backups are meant; `None` where it is the providers' own priorities.
    pub service: Option<ServiceRow>,
    /// The one that is tried first.
    pub provider: ProviderRow,
    /// The one that has proved better.
    pub better: ProviderRow,
    /// By how much, 0 to 1.
    pub difference: f64,
    /// The figures of both, in words.
    pub reason: String,
}

impl Reads {
    /// Tells where priorities contradict what was measured: first the providers' own, then those of backups, by the number
    /// of the service that they stand in for.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn priority_advice(&self) -> Result<Vec<AdviceRow>, ReadError> {
        let providers = self.providers(Some(Activation::Active)).await?;
        let standings: Vec<Standing> = providers.iter().map(standing).collect();
        let found = |id: ProviderId| providers.iter().find(|row| row.provider_id == id.0).cloned();
        let own = advise(&standings).into_iter().filter_map(|advice| {
            let (first, better) =
                (found(advice.first.provider_id)?, found(advice.better.provider_id)?);
            Some(AdviceRow::new(advice, "priority", first, better))
        });
        let for_sale = self.all_candidates().await?;
        Ok(own.chain(for_sale.iter().flat_map(Candidates::advice)).collect())
    }
}

impl Candidates {
    fn advice(&self) -> Vec<AdviceRow> {
        let judged = |id: ProviderId| {
            self.providers.get(&id).map_or(0, |row| row.standing.measures().judged)
        };
        let in_words = |advice: PriorityAdvice| {
            let provider = |standing: Standing| self.providers.get(&standing.provider_id).cloned();
            let (first, better) = (provider(advice.first)?, provider(advice.better)?);
            let row = AdviceRow::new(advice, "mapping priority", first, better);
            let reason = format!("as backups of service {}, {}", self.ordered.number, row.reason);
            Some(AdviceRow { service: Some(self.ordered.clone()), reason, ..row })
        };
        let advice = advise_on_backups(&self.decision(), judged).into_iter();
        advice.filter_map(in_words).collect()
    }
}

impl AdviceRow {
    fn new(
        advice: PriorityAdvice,
        priority: &str,
        provider: ProviderRow,
        better: ProviderRow,
    ) -> Self {
        let figures = |row: &ProviderRow, standing: Standing| {
            let (name, rank, score) = (&row.name, standing.priority, score(row));
            let measured = standing_in_words(row).join(", ");
            format!("{name} has {priority} {rank} and scores {score:.3}: {measured}")
        };
        let first = figures(&provider, advice.first);
        let reason = format!("{first}; {}", figures(&better, advice.better));
        let difference = share(advice.difference_ppm());
        Self { service: None, provider, better, difference, reason }
    }
}

fn standing(provider: &ProviderRow) -> Standing {
    Standing {
        provider_id: ProviderId(provider.provider_id),
        priority: provider.priority,
        score_ppm: provider.standing.score().score_ppm,
        judged: provider.standing.measures().judged,
    }
}
