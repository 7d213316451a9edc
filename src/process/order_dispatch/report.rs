//! What operators see of an attempt whose outcome is on record. The log's lines stand in the order's span, which names it.

use super::drive::Drive;
use crate::{
    domain::{ProviderId, order::OrderEvent, refusal::RefusalClass},
    metrics::{self, AttemptOutcome},
};

impl Drive {
    /// Counts and logs what these events say of attempts.
    pub(super) fn report(&self, events: &[OrderEvent]) {
        events.iter().for_each(|event| self.report_event(event));
    }

    fn report_event(&self, event: &OrderEvent) {
        match event {
            OrderEvent::AttemptPlaced {
                attempt, provider_id, api_order_id, response_ms, ..
            } => {
                let provider = self.ended(*provider_id, AttemptOutcome::Placed);
                tracing::info!(attempt, provider, api_order_id, response_ms, "attempt placed");
            }
            OrderEvent::AttemptRefused { attempt, provider_id, class, reason, .. } => {
                let provider = self.ended(*provider_id, AttemptOutcome::Refused(word(*class)));
                tracing::info!(attempt, provider, ?class, reason, "attempt refused");
            }
            OrderEvent::AttemptNotSent { attempt, provider_id, reason, .. } => {
                let provider = self.ended(*provider_id, AttemptOutcome::NotSent);
                tracing::info!(attempt, provider, reason, "attempt not sent");
            }
            OrderEvent::AttemptInDoubt { attempt, provider_id, reason, .. } => {
                let provider = self.ended(*provider_id, AttemptOutcome::InDoubt);
                tracing::warn!(attempt, provider, reason, "attempt in doubt, held");
            }
            OrderEvent::DuplicateFound { attempt, provider_id, api_order_id, .. } => {
                let provider = self.name_of(*provider_id);
                tracing::error!(
                    attempt,
                    provider,
                    api_order_id,
                    "a provider holds an order that had gone on elsewhere or failed"
                );
            }
            _ => {}
        }
    }

    /// Counts an attempt; returns the provider's name.
    fn ended(&self, provider: ProviderId, outcome: AttemptOutcome) -> String {
        let name = self.name_of(provider);
        metrics::attempt_ended(name.clone(), outcome);
        name
    }

    fn name_of(&self, provider: ProviderId) -> String {
        let name = self
            .commands()
            .catalogue()
            .read(|snapshot| snapshot.provider(provider).map(|found| found.aggregate.name.clone()));
        name.unwrap_or_else(|| provider.to_string())
    }
}

/// The class as events spell it.
fn word(class: RefusalClass) -> &'static str {
    match class {
        RefusalClass::WalletEmpty => "wallet_empty",
        RefusalClass::BadKey => "bad_key",
        RefusalClass::ServiceGone => "service_gone",
        RefusalClass::Quantity => "quantity",
        RefusalClass::Link => "link",
        RefusalClass::LinkBusy => "link_busy",
        RefusalClass::Overload => "overload",
        RefusalClass::Maintenance => "maintenance",
        RefusalClass::Dialect => "dialect",
        RefusalClass::Unreachable => "unreachable",
    }
}
