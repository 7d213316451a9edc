//! An order that tries a provider leaves a verdict, though its driver's report be lost or the process be another.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;

use super::{ProviderHealth, run::unrecorded};
use crate::{
    command::Loaded,
    domain::{
        AttemptId, ProviderId,
        order::{AttemptState, Order},
        provider::{Outcome, Trial, Verdict},
    },
};

/// Trials under way, and when each was last looked at.
#[derive(Debug, Default)]
pub(super) struct Trials(HashMap<AttemptId, Instant>);

impl Trials {
    /// Forgets all others.
    pub(super) fn keep(&mut self, trials: impl Iterator<Item = Trial>) {
        let under_way: HashSet<AttemptId> = trials.map(|trial| trial.attempt_id).collect();
        self.0.retain(|attempt, _| under_way.contains(attempt));
    }
}

impl ProviderHealth {
    /// Looks at the order itself, once its driver has had time to report.
    pub(super) async fn attend(&mut self, provider: ProviderId, trial: Trial) {
        let looked_at = self.trials.0.entry(trial.attempt_id).or_insert_with(Instant::now);
        if looked_at.elapsed() < self.pace.trial_patience {
            return;
        }
        *looked_at = Instant::now();
        let Ok(Loaded { aggregate, .. }) = self.commands().load::<Order>(trial.order_id).await
        else {
            return;
        };
        let Some(verdict) = verdict(&aggregate, trial.attempt_id) else { return };
        let ended = self.commands().end_trial(provider, trial.attempt_id, verdict).await;
        unrecorded(provider, ended);
    }
}

/// Returns what an attempt proves; `None` while it is under way. One in doubt may be so because this program ended.
fn verdict(order: &Order, attempt: AttemptId) -> Option<Verdict> {
    let undecided = |why: &str| Some(Verdict::Undecided(why.to_owned()));
    match order.attempt(attempt).map(|attempt| &attempt.state) {
        Some(AttemptState::Started) => None,
        Some(AttemptState::Placed(_)) => Some(Verdict::Works),
        Some(AttemptState::Refused(class)) => {
            let outcome = Outcome::Refused { class: *class, retry_after: None };
            Some(Verdict::of(outcome, "the order that tried it was refused"))
        }
        Some(AttemptState::InDoubt) => undecided("the order that tried it is in doubt"),
        Some(AttemptState::NotSent) => undecided("the order that was to try it was not sent"),
        Some(AttemptState::NotPlaced) => undecided("the order that tried it was not placed"),
        None => undecided("the order has no such attempt"),
    }
}
