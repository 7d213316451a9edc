//! What an order decides: the life of its attempts.

use super::{
    Attempt, AttemptState, NextStep, Order, OrderCommand, OrderError, OrderEvent, Progress,
    ProviderAnswer, SettledAs, Waiting,
};
use crate::domain::{
    AttemptId, OrderId, ProviderId,
    refusal::{AfterRefusal, ErrorText, RefusalClass},
};

/// How often an order goes back to a provider that says its link is busy: about a day, at the dispatcher's pace.
const MAX_BUSY_LINK_TRIES: usize = 100;

type Decided = Result<Vec<OrderEvent>, OrderError>;

impl Order {
    pub(super) fn decided(&self, command: OrderCommand) -> Decided {
        if let OrderCommand::Place { .. } = command {
            return self.place(command);
        }
        if let OrderCommand::PlaceRemainder(order) = command {
            return self.place_remainder(order);
        }
        if self.progress == Progress::Absent {
            return Err(OrderError::NotFound);
        }
        match command {
            OrderCommand::Place { .. } | OrderCommand::PlaceRemainder(_) => {
                Err(OrderError::AlreadyPlaced)
            }
            OrderCommand::AwaitLink { order_id, number } => self.await_link(order_id, number),
            OrderCommand::Start(claim) => {
                self.free()?;
                Ok(vec![self.started(claim)])
            }
            OrderCommand::RecordAnswer { attempt_id, answer, next } => {
                self.record(attempt_id, answer, next)
            }
            OrderCommand::Settle { .. } => self.settle(command),
            OrderCommand::Wait(waiting) => {
                self.free()?;
                Ok(vec![waiting.deferred()])
            }
            OrderCommand::RecordEvidence { attempt_id, evidence } => {
                self.record_evidence(attempt_id, evidence)
            }
            OrderCommand::GiveUpDoubt { .. } => self.give_up_doubt(command),
            OrderCommand::Fail { reason, decision } => {
                self.free()?;
                Ok(vec![OrderEvent::OrderFailed { reason, decision }])
            }
            OrderCommand::RecordStatus { provider_id, api_order_id, reading } => {
                self.record_status((provider_id, &api_order_id), reading)
            }
            OrderCommand::PlanRemainder { cause, plan } => Ok(self.plan_remainder(cause, plan)),
            OrderCommand::RecordRemainder { child_id, undelivered } => {
                Ok(self.record_remainder(child_id, undelivered))
            }
            OrderCommand::RecordRefill { answer } => self.record_refill(answer),
            OrderCommand::RecordRefillStatus { refill_id, provider_status } => {
                self.record_refill_status(&refill_id, provider_status)
            }
            OrderCommand::RecordCancel { answer } => self.record_cancel(answer),
        }
    }

    fn place(&self, command: OrderCommand) -> Decided {
        let OrderCommand::Place { number, account, service_id, fields, charge, digest, claim } =
            command
        else {
            return Ok(vec![]);
        };
        if self.progress != Progress::Absent {
            return Err(OrderError::AlreadyPlaced);
        }
        let placed = OrderEvent::OrderPlaced {
            number,
            account,
            service_id,
            link: fields.link,
            quantity: fields.quantity,
            per_run: fields.per_run,
            fields: fields.sent,
            charge,
            digest,
            remainder_of: None,
        };
        let started = claim.map(|claim| self.started(claim));
        Ok([Some(placed), started].into_iter().flatten().collect())
    }

    /// Waiting for the same order as before is nothing new.
    fn await_link(&self, order_id: OrderId, number: i64) -> Decided {
        self.free()?;
        if self.progress == Progress::AwaitingLink(order_id) {
            return Ok(vec![]);
        }
        let reason = format!("order {number} on the same link is not over yet");
        Ok(vec![OrderEvent::LinkAwaited { order_id, reason }])
    }

    fn record(&self, id: AttemptId, answer: ProviderAnswer, next: NextStep) -> Decided {
        let attempt = self.attempt(id).ok_or(OrderError::NoSuchAttempt)?;
        match (&attempt.state, answer) {
            (_, ProviderAnswer::Placed { api_order_id, response_ms }) => {
                Ok(self.record_placed(attempt, api_order_id, response_ms))
            }
            (
                AttemptState::Started | AttemptState::InDoubt,
                ProviderAnswer::Refused { class, reason, response_ms, retry_after_seconds },
            ) => {
                let refused = OrderEvent::AttemptRefused {
                    attempt: attempt.number,
                    attempt_id: id,
                    provider_id: attempt.provider_id,
                    class,
                    text: (class != RefusalClass::Unreachable).then(|| ErrorText::of(&reason)),
                    reason: reason.clone(),
                    response_ms,
                    retry_after_seconds,
                };
                Ok(self.after(refused, attempt, NextAfter { class: Some(class), reason, next }))
            }
            (
                AttemptState::Started,
                ProviderAnswer::InDoubt { reason, text, response_ms, retry_after_seconds },
            ) => Ok(vec![OrderEvent::AttemptInDoubt {
                attempt: attempt.number,
                attempt_id: id,
                provider_id: attempt.provider_id,
                reason,
                text,
                response_ms,
                retry_after_seconds,
            }]),
            (AttemptState::Started | AttemptState::InDoubt, ProviderAnswer::NotSent { reason }) => {
                let not_sent = OrderEvent::AttemptNotSent {
                    attempt: attempt.number,
                    attempt_id: id,
                    provider_id: attempt.provider_id,
                    reason,
                };
                let held = self.held_meanwhile().map(|held| held.settled(attempt));
                Ok([Some(not_sent), held].into_iter().flatten().collect())
            }
            (
                AttemptState::GivenUp,
                ProviderAnswer::Refused { reason, .. } | ProviderAnswer::NotSent { reason },
            ) => Ok(vec![attempt.cleared(reason)]),
            // Decided before, and this answer claims no order: nothing new.
            _ => Ok(vec![]),
        }
    }

    /// An order id is taken in whatever was decided before: the provider holds an order of ours.
    fn record_placed(&self, attempt: &Attempt, id: String, response_ms: i64) -> Vec<OrderEvent> {
        let undecided = matches!(attempt.state, AttemptState::Started | AttemptState::InDoubt);
        if attempt.state == AttemptState::Placed(id.clone()) {
            return vec![];
        }
        if undecided || self.is_free() {
            return vec![OrderEvent::AttemptPlaced {
                attempt: attempt.number,
                attempt_id: attempt.attempt_id,
                provider_id: attempt.provider_id,
                api_order_id: id,
                response_ms,
            }];
        }
        vec![OrderEvent::DuplicateFound {
            attempt: attempt.number,
            attempt_id: attempt.attempt_id,
            provider_id: attempt.provider_id,
            api_order_id: id,
        }]
    }

    /// Finds a provider that turned out to hold the order while another was being asked for it.
    pub(super) fn held_meanwhile(&self) -> Option<Held<'_>> {
        self.attempts.iter().find_map(|attempt| match &attempt.state {
            AttemptState::Placed(api_order_id) => Some(Held { attempt, api_order_id }),
            _ => None,
        })
    }

    fn settle(&self, command: OrderCommand) -> Decided {
        let OrderCommand::Settle { attempt, settled_as, api_order_id, note, now, next } = command
        else {
            return Ok(vec![]);
        };
        let attempt = self.attempt_number(attempt).ok_or(OrderError::NoSuchAttempt)?;
        if !matches!(attempt.state, AttemptState::InDoubt | AttemptState::GivenUp) {
            return Err(OrderError::NotInDoubt);
        }
        if settled_as == SettledAs::Placed && api_order_id.is_none() {
            return Err(OrderError::ApiOrderIdMissing);
        }
        if settled_as == SettledAs::NotPlaced && now < attempt.settle_after {
            return Err(OrderError::TooEarly(attempt.settle_after));
        }
        if attempt.state == AttemptState::GivenUp && !self.is_free() {
            return Ok(vec![attempt.settled_too_late(settled_as, api_order_id, note)]);
        }
        if attempt.state == AttemptState::GivenUp && settled_as == SettledAs::NotPlaced {
            return Ok(vec![attempt.cleared(note)]);
        }
        let settled = OrderEvent::AttemptSettled {
            attempt: attempt.number,
            attempt_id: attempt.attempt_id,
            provider_id: attempt.provider_id,
            settled_as,
            api_order_id: api_order_id.filter(|_| settled_as == SettledAs::Placed),
            note: note.clone(),
        };
        if settled_as == SettledAs::Placed {
            return Ok(vec![settled]);
        }
        let reason = format!("settled as not placed: {note}");
        Ok(self.after(settled, attempt, NextAfter { class: None, reason, next }))
    }

    /// What follows an attempt that came to nothing: the log entry, and the next attempt, a wait or the end. Nobody else is
    /// asked where a provider turned out to hold the order meanwhile.
    pub(super) fn after(
        &self,
        outcome: OrderEvent,
        attempt: &Attempt,
        then: NextAfter,
    ) -> Vec<OrderEvent> {
        let NextAfter { class, reason, next } = then;
        let next = self.allowed(class, next);
        let held = self.held_meanwhile();
        let to = held.as_ref().map(|held| held.attempt.provider_id).or(next.destination());
        let failed_over = OrderEvent::FailedOver {
            attempt: attempt.number,
            from_provider_id: attempt.provider_id,
            to_provider_id: to,
            reason: reason.clone(),
        };
        let consequence = match next {
            _ if held.is_some() => held.map(|held| held.settled(attempt)),
            NextStep::Start(claim) => Some(self.started(claim)),
            NextStep::Queue(_) => None,
            NextStep::Wait(until) => {
                Some(OrderEvent::OrderDeferred { until, reason, gives_up_at: None })
            }
            NextStep::Hold(waiting) => Some(waiting.deferred()),
            NextStep::GiveUp(decision) => Some(OrderEvent::OrderFailed { reason, decision }),
        };
        [Some(outcome), Some(failed_over), consequence].into_iter().flatten().collect()
    }

    /// Holds the caller's plan against what the refusal allows.
    fn allowed(&self, class: Option<RefusalClass>, next: NextStep) -> NextStep {
        let after = class.map_or(AfterRefusal::NextCandidate, RefusalClass::then);
        let waited_enough = self.busy_link_count() + 1 >= MAX_BUSY_LINK_TRIES;
        match (after, next) {
            (AfterRefusal::Nowhere, _) => NextStep::GiveUp(None),
            (AfterRefusal::SameProviderLater, NextStep::Wait(_)) if waited_enough => {
                NextStep::GiveUp(None)
            }
            (
                AfterRefusal::SameProviderLater,
                NextStep::Start(_) | NextStep::Queue(_) | NextStep::Hold(_),
            ) => NextStep::GiveUp(None),
            (_, next) => next,
        }
    }
}

/// An attempt that was given up, and that the provider took all the same.
pub(super) struct Held<'a> {
    attempt: &'a Attempt,
    api_order_id: &'a str,
}

impl Held<'_> {
    /// The order is this provider's after all, now that `other` came to nothing.
    pub(super) fn settled(&self, other: &Attempt) -> OrderEvent {
        OrderEvent::AttemptSettled {
            attempt: self.attempt.number,
            attempt_id: self.attempt.attempt_id,
            provider_id: self.attempt.provider_id,
            settled_as: SettledAs::Placed,
            api_order_id: Some(self.api_order_id.to_owned()),
            note: format!(
                "attempt {} was not placed, and the provider holds this one",
                other.number
            ),
        }
    }
}

/// What is known when an attempt came to nothing.
pub(super) struct NextAfter {
    /// `None` where it was not a refusal.
    pub(super) class: Option<RefusalClass>,
    pub(super) reason: String,
    pub(super) next: NextStep,
}

impl Waiting {
    fn deferred(self) -> OrderEvent {
        let Self { until, reason } = self;
        OrderEvent::OrderDeferred { until, reason, gives_up_at: Some(until) }
    }
}

impl NextStep {
    fn destination(&self) -> Option<ProviderId> {
        match self {
            Self::Start(claim) => Some(claim.provider_id),
            Self::Queue(provider) => Some(*provider),
            Self::Wait(_) | Self::Hold(_) | Self::GiveUp(_) => None,
        }
    }
}
