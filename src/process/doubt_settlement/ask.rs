//! One call to a provider, and what it says of each attempt in doubt there.

use chrono::{DateTime, Utc};

use super::{load::InDoubt, settle::DoubtSettlement};
use crate::{
    command::{CommandError, SettleAttempt},
    domain::{
        order::{Order, SettledAs},
        settlement::{Doubt, ListedOrder, Reading, Verdict, judge},
    },
};

/// A provider's list, and when it was asked for.
pub(super) struct List {
    asked_at: DateTime<Utc>,
    listed: Vec<ListedOrder>,
}

impl DoubtSettlement {
    /// Asks for the list; `None` where there is none to be had.
    pub(super) async fn list(&self, doubt: &InDoubt) -> Option<List> {
        let provider = doubt.provider();
        let asked_at = Utc::now();
        let endpoint = match self.endpoints.of(provider).await {
            Ok(endpoint) => endpoint,
            Err(error) => {
                tracing::warn!(%provider, %error, "a provider cannot be asked for evidence");
                return None;
            }
        };
        match self.needs.client.orders(&endpoint).await {
            Ok(answer) => Some(List { asked_at, listed: answer.value }),
            Err(failure) => {
                tracing::debug!(%provider, reason = failure.reason, "a provider does not list its orders");
                None
            }
        }
    }

    /// Says what a list would prove of an attempt. What is known beside it is looked up now, after the answer.
    pub(super) async fn read(
        &self,
        in_doubt: &InDoubt,
        list: &List,
    ) -> Result<Option<Verdict>, CommandError> {
        let order = self.needs.commands.load::<Order>(in_doubt.order()).await?.aggregate;
        let attempt = order.attempts.iter().find(|it| it.attempt_id == in_doubt.attempt());
        let Some(attempt) = attempt else { return Ok(None) };
        self.needs.commands.read_models_current(&["orders", "attempts"]).await?;
        let ids: Vec<_> = list.listed.iter().map(|order| order.api_order_id.clone()).collect();
        let known = in_doubt.known(&self.needs.reads, &ids).await?;
        let doubt = Doubt {
            provider_service_id: attempt.provider_service_id.clone(),
            link: in_doubt.link.clone(),
            quantity: in_doubt.quantity,
            settle_after: attempt.settle_after,
            known_before: known.known_before,
            rivals: known.rivals,
        };
        let (asked_at, listed) = (list.asked_at, list.listed.clone());
        Ok(Some(judge(&doubt, &Reading { asked_at, listed, claimed: known.claimed })))
    }

    /// Puts on record that the provider never took it.
    pub(super) async fn conclude(&self, doubt: &InDoubt) {
        let order_id = doubt.order();
        let settle = SettleAttempt {
            order_id,
            attempt: doubt.number,
            settled_as: SettledAs::NotPlaced,
            api_order_id: None,
            note: "two readings of the provider's list of orders: none that could be ours"
                .to_owned(),
        };
        if let Err(error) = self.needs.commands.settle_attempt(settle).await {
            tracing::warn!(order = %order_id, %error, "cannot settle an attempt in doubt");
        }
    }
}
