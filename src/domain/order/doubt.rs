//! What an order decides while nobody knows whether a provider holds it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Attempt, AttemptState, Order, OrderCommand, OrderError, OrderEvent, SettledAs,
    decide::NextAfter,
};
use crate::domain::AttemptId;

/// How many looks at one place are on record where what follows stays the same.
const MOST_ALIKE: u32 = 20;
/// How many looks at one place are on record at all.
const MOST: u32 = 100;

type Decided = Result<Vec<OrderEvent>, OrderError>;

/// Where it is looked what became of an attempt in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EvidenceSource {
    /// The provider's own list of our orders.
    OrdersList,
    /// What our account there holds, against our own ledger.
    Balance,
    /// The status of the ids after the last that is known.
    Statuses,
    /// What the provider said of another order for the same link.
    BusyLink,
}

/// What becomes of an order whose attempt stays in doubt for longer than its service's policy waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GivenUpAs {
    /// It fails, and the customer pays nothing.
    ReturnCharge,
    /// It goes on to the next candidate. The one exception to "never twice".
    AcceptRisk,
}

/// What was seen of an attempt in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where.
    pub asked: EvidenceSource,
    /// What, summed up in words.
    pub answered: String,
    /// What follows from it, in words.
    pub follows: String,
}

/// What was seen last at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenEvidence {
    attempt_id: AttemptId,
    asked: EvidenceSource,
    answered: String,
    follows: String,
    /// How often something was seen there.
    times: u32,
}

impl Order {
    /// Only what is new becomes an event, and of what follows alike only the first.
    pub(super) fn record_evidence(&self, id: AttemptId, evidence: Vec<Evidence>) -> Decided {
        let attempt = self.attempt(id).ok_or(OrderError::NoSuchAttempt)?;
        if !matches!(attempt.state, AttemptState::InDoubt | AttemptState::GivenUp) {
            return Ok(vec![]);
        }
        let news = evidence.into_iter().filter(|evidence| self.is_news(id, evidence));
        let event = |Evidence { asked, answered, follows }| OrderEvent::EvidenceRead {
            attempt: attempt.number,
            attempt_id: id,
            provider_id: attempt.provider_id,
            asked,
            answered,
            follows,
        };
        Ok(news.map(event).collect())
    }

    fn is_news(&self, id: AttemptId, evidence: &Evidence) -> bool {
        let mut seen = self.evidence.iter();
        seen.find(|seen| seen.attempt_id == id && seen.asked == evidence.asked).is_none_or(|seen| {
            let follows_otherwise = seen.follows != evidence.follows;
            let differs = follows_otherwise || seen.answered != evidence.answered;
            differs && seen.times < if follows_otherwise { MOST } else { MOST_ALIKE }
        })
    }

    pub(super) fn see(&mut self, event: &OrderEvent) {
        let OrderEvent::EvidenceRead { attempt_id, asked, answered, follows, .. } = event else {
            return;
        };
        let is_it =
            |seen: &&mut SeenEvidence| seen.attempt_id == *attempt_id && seen.asked == *asked;
        let times = self.evidence.iter_mut().find(is_it).map_or(0, |seen| seen.times);
        self.evidence.retain(|seen| seen.attempt_id != *attempt_id || seen.asked != *asked);
        self.evidence.push(SeenEvidence {
            attempt_id: *attempt_id,
            asked: *asked,
            answered: answered.clone(),
            follows: follows.clone(),
            times: times.saturating_add(1),
        });
    }

    /// An order is not given up while the provider may still take it: it would be taken for sure.
    pub(super) fn give_up_doubt(&self, command: OrderCommand) -> Decided {
        let OrderCommand::GiveUpDoubt { attempt, policy, after_minutes, now, next } = command
        else {
            return Ok(vec![]);
        };
        let attempt = self.attempt_number(attempt).ok_or(OrderError::NoSuchAttempt)?;
        if attempt.state != AttemptState::InDoubt {
            return Err(OrderError::NotInDoubt);
        }
        if now < attempt.settle_after {
            return Err(OrderError::TooEarly(attempt.settle_after));
        }
        let given_up = OrderEvent::DoubtGivenUp {
            attempt: attempt.number,
            attempt_id: attempt.attempt_id,
            provider_id: attempt.provider_id,
            policy,
            after_minutes,
        };
        let reason = format!("in doubt for {after_minutes} minutes: {policy}");
        if policy == GivenUpAs::AcceptRisk {
            return Ok(self.after(given_up, attempt, NextAfter { class: None, reason, next }));
        }
        let held = self.held_meanwhile().map(|held| held.settled(attempt));
        let end = held.unwrap_or(OrderEvent::OrderFailed { reason, decision: None });
        Ok(vec![given_up, end])
    }
}

impl Attempt {
    pub(super) fn cleared(&self, note: String) -> OrderEvent {
        OrderEvent::DoubtCleared {
            attempt: self.number,
            attempt_id: self.attempt_id,
            provider_id: self.provider_id,
            note,
        }
    }

    /// What became of an attempt is known only after it had been given up, and the order has gone on or ended.
    pub(super) fn settled_too_late(
        &self,
        settled_as: SettledAs,
        api_order_id: Option<String>,
        note: String,
    ) -> OrderEvent {
        match (settled_as, api_order_id) {
            (SettledAs::Placed, Some(api_order_id)) => OrderEvent::DuplicateFound {
                attempt: self.number,
                attempt_id: self.attempt_id,
                provider_id: self.provider_id,
                api_order_id,
            },
            _ => self.cleared(note),
        }
    }
}

impl fmt::Display for GivenUpAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReturnCharge => "the charge is returned",
            Self::AcceptRisk => "the risk of a second order is accepted",
        })
    }
}
