//! What is counted over all orders, folded from the journal.

use super::panel_score::{PanelScore, Tally};
use crate::domain::{
    ProviderId,
    order::{DeliveryStatus, OrderEvent},
    provider::ProviderEvent,
};

/// The state of the play.
#[derive(Debug)]
pub(super) struct Scoreboard {
    pub(super) panels: Vec<PanelScore>,
    pub(super) orders: usize,
    pub(super) failovers: usize,
    pub(super) failed: usize,
    /// Attempts in doubt of which evidence told what had become.
    pub(super) settled: usize,
    /// Orders that waited for another on their link.
    pub(super) waited: usize,
    pub(super) remainders: Remainders,
}

/// Counts of what panels left undelivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Remainders {
    /// Ordered at another panel.
    pub(super) ordered: usize,
    /// After which nothing was left.
    pub(super) completed: usize,
}

impl Scoreboard {
    pub(super) fn new(panels: impl IntoIterator<Item = (ProviderId, &'static str)>) -> Self {
        let panels = panels.into_iter().map(|(provider, name)| PanelScore::new(provider, name));
        Self {
            panels: panels.collect(),
            orders: 0,
            failovers: 0,
            failed: 0,
            settled: 0,
            waited: 0,
            remainders: Remainders::default(),
        }
    }

    /// Counts what happened to an order.
    pub(super) fn fold(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced { remainder_of: None, .. } => self.orders += 1,
            OrderEvent::LinkAwaited { .. } => self.waited += 1,
            OrderEvent::RemainderOrdered { .. } => self.remainders.ordered += 1,
            OrderEvent::RemainderStatusChanged { overall, .. }
                if overall.status == DeliveryStatus::Completed =>
            {
                self.remainders.completed += 1;
            }
            OrderEvent::FailedOver { .. } => self.failovers += 1,
            OrderEvent::OrderFailed { .. } => self.failed += 1,
            OrderEvent::AttemptStarted { provider_id, .. } => {
                self.at(*provider_id, PanelScore::asked);
            }
            OrderEvent::AttemptPlaced { provider_id, response_ms, .. } => {
                self.at(*provider_id, |panel| panel.placed(*response_ms));
            }
            OrderEvent::AttemptRefused { provider_id, class, reason, response_ms, .. } => {
                self.at(*provider_id, |panel| panel.refused(*class, reason, *response_ms));
            }
            OrderEvent::AttemptInDoubt { provider_id, reason, .. } => {
                self.at(*provider_id, |panel| panel.left_in_doubt(reason));
            }
            OrderEvent::AttemptSettled { provider_id, settled_as, .. } => {
                self.settled += 1;
                self.at(*provider_id, |panel| panel.settled(*settled_as));
            }
            _ => {}
        }
    }

    /// Takes in what happened to a panel; returns what is to be told of it.
    pub(super) fn fold_provider(
        &mut self,
        provider: ProviderId,
        event: &ProviderEvent,
    ) -> Option<String> {
        let name = self.name(provider);
        match event {
            ProviderEvent::ProviderSuspended { reason, .. } => {
                self.at(provider, |panel| panel.set_aside(reason));
                Some(format!("{name} is set aside: {reason}"))
            }
            ProviderEvent::ProviderHalfOpened { .. } => {
                self.at(provider, PanelScore::tried);
                Some(format!("{name} answers again: one order tries it"))
            }
            ProviderEvent::ProviderResumed { .. } => {
                self.at(provider, PanelScore::resumed);
                Some(format!("{name} is back at work"))
            }
            _ => None,
        }
    }

    /// How often panels were set aside.
    pub(super) fn suspensions(&self) -> usize {
        self.panels.iter().map(PanelScore::suspensions).sum()
    }

    fn at(&mut self, provider: ProviderId, count: impl FnOnce(&mut PanelScore)) {
        if let Some(panel) = self.panels.iter_mut().find(|panel| panel.provider == provider) {
            count(panel);
        }
    }

    /// Counts over all panels.
    pub(super) fn tally(&self) -> Tally {
        self.panels.iter().map(|panel| panel.tally).fold(Tally::default(), Tally::plus)
    }

    /// Customers' orders that will not move any more by themselves. One of which a remainder is ordered moves again until
    /// that rests.
    pub(super) fn at_rest(&self) -> usize {
        let tally = self.tally();
        (tally.placed + tally.in_doubt + self.failed).saturating_sub(self.remainders.ordered)
    }

    /// Times of all answers in milliseconds, the least first.
    pub(super) fn answer_times(&self) -> Vec<i64> {
        let mut times: Vec<i64> =
            self.panels.iter().flat_map(PanelScore::answer_times).copied().collect();
        times.sort_unstable();
        times
    }

    /// What a panel is called in the play.
    pub(super) fn name(&self, provider: ProviderId) -> &'static str {
        let panel = self.panels.iter().find(|panel| panel.provider == provider);
        panel.map_or("?", |panel| panel.name)
    }
}
