//! The calls to a provider that evidence comes from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{known::OwnRow, settle::DoubtSettlement};
use crate::{
    domain::{
        Balance, ProviderId,
        order::StatusReading,
        settlement::{ListedOrder, Said, ScanPlan},
    },
    provider_api::{AnswerFor, CallFailure, Endpoint, IDS_A_CALL, Timed, means_no_order},
};

/// A provider's list, and when it was asked for.
pub(super) struct List {
    pub(super) asked_at: DateTime<Utc>,
    pub(super) listed: Vec<ListedOrder>,
}

/// What was said of a known order in each call, and of the ids after it.
pub(super) struct SaidOfIds {
    pub(super) control: Vec<Said>,
    pub(super) said: Vec<Said>,
}

impl DoubtSettlement {
    /// Finds where a provider is asked.
    pub(super) async fn endpoint(&self, provider: ProviderId) -> Option<Endpoint> {
        match self.endpoints.of(provider).await {
            Ok(endpoint) => Some(endpoint),
            Err(error) => {
                tracing::warn!(%provider, %error, "a provider cannot be asked for evidence");
                None
            }
        }
    }

    /// Leaves a provider alone for as long as it asks; returns what its failure was.
    fn heed(&self, endpoint: &Endpoint, failure: CallFailure) -> String {
        self.rests.take(endpoint.provider_id, failure.retry_after, Instant::now());
        failure.reason
    }

    /// Asks for the list; or returns in words why there is none to be had.
    pub(super) async fn list(&self, endpoint: &Endpoint) -> Result<List, String> {
        let asked_at = Utc::now();
        match self.needs.client.orders(endpoint).await {
            Ok(answer) => Ok(List { asked_at, listed: answer.value }),
            Err(failure) => Err(self.heed(endpoint, failure)),
        }
    }

    /// Asks what our account holds.
    pub(super) async fn balance(&self, endpoint: &Endpoint) -> Result<Timed<Balance>, String> {
        let answer = self.needs.client.balance(endpoint).await;
        answer.map_err(|failure| self.heed(endpoint, failure))
    }

    /// Asks how orders of ours stand. Those that nothing is said of are absent.
    pub(super) async fn statuses(
        &self,
        endpoint: &Endpoint,
        own: &[OwnRow],
    ) -> HashMap<String, StatusReading> {
        let ids: Vec<String> = own.iter().map(|order| order.api_order_id.clone()).collect();
        if ids.is_empty() {
            return HashMap::new();
        }
        let answers = match self.needs.client.statuses_at_once(endpoint, &ids).await {
            Ok(answer) => answer.value,
            Err(failure) => {
                self.heed(endpoint, failure);
                return HashMap::new();
            }
        };
        let found = ids.into_iter().zip(answers).filter_map(|(id, answer)| match answer {
            AnswerFor::Found(reading) => Some((id, reading)),
            AnswerFor::Error(_) | AnswerFor::Missing => None,
        });
        found.collect()
    }

    /// Asks about ids, in as many calls as it takes; or returns in words why they cannot be asked about.
    pub(super) async fn scan(
        &self,
        endpoint: &Endpoint,
        plan: &ScanPlan,
    ) -> Result<SaidOfIds, String> {
        let (mut control, mut said) = (vec![], vec![]);
        let control_alone: &[String] = &[];
        let chunks = plan.ids.chunks(IDS_A_CALL - 1);
        let chunks: Vec<_> =
            if plan.ids.is_empty() { vec![control_alone] } else { chunks.collect() };
        for ids in chunks {
            let asked: Vec<String> = std::iter::once(&plan.control).chain(ids).cloned().collect();
            let answer = self.needs.client.statuses_at_once(endpoint, &asked).await;
            let answer = answer.map_err(|failure| self.heed(endpoint, failure))?;
            let mut answers = answer.value.into_iter();
            control.extend(answers.next().map(said_of));
            said.extend(answers.map(said_of));
        }
        Ok(SaidOfIds { control, said })
    }
}

fn said_of(answer: AnswerFor<StatusReading>) -> Said {
    match answer {
        AnswerFor::Found(reading) => Said::Ours(reading.charge),
        AnswerFor::Error(words) if means_no_order(&words) => Said::NotOurs,
        AnswerFor::Error(_) | AnswerFor::Missing => Said::Unclear,
    }
}
