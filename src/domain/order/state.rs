use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, AttemptState, Claim, Delivery, OrderCommand, OrderError, OrderEvent, Refill,
    Remainder, RemainderOf, SettledAs,
};
use crate::domain::{
    Aggregate, AttemptId, Link, OrderId, ProviderId, ServiceId,
    routing::{Exclusion, Request},
};

/// The state of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Order {
    /// Where it stands.
    pub progress: Progress,
    /// What was ordered.
    pub service_id: ServiceId,
    /// What the panel API answers as `order`.
    pub number: i64,
    /// Whose order.
    pub account: String,
    /// What it works on.
    pub link: Link,
    /// What is sent besides the service and the link.
    pub fields: BTreeMap<String, String>,
    /// Digest of the customer's request.
    pub digest: String,
    /// Every try so far, oldest first.
    pub attempts: Vec<Attempt>,
    /// What the provider that holds it last said of it.
    pub delivery: Option<Delivery>,
    /// Every refill that the provider took, oldest first.
    pub refills: Vec<Refill>,
    /// Whether the provider took a request to cancel it.
    pub cancel_requested: bool,
    /// What it orders the remainder of; `None` where a customer ordered.
    pub remainder_of: Option<RemainderOf>,
    /// What was ordered for its own remainder, oldest first.
    pub remainders: Vec<Remainder>,
    /// Orders whose remainder is not ordered anew.
    pub(super) remainders_left: Vec<OrderId>,
    /// When it is given up, once it has waited for a provider that is set aside.
    pub gives_up_at: Option<DateTime<Utc>>,
    /// The attempt by which a provider holds it: one that was found to be a duplicate is placed too.
    pub(super) held_by: Option<AttemptId>,
    pub(super) quantity: i64,
    pub(super) units_per_run: Option<i64>,
}

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Progress {
    /// Not placed yet.
    #[default]
    Absent,
    /// Free: no provider holds it, none is being asked.
    Queued,
    /// Free, but not before this instant.
    Deferred(DateTime<Utc>),
    /// Free, but not before this order on the same link is over.
    AwaitingLink(OrderId),
    /// Free, and only providers could take it that are set aside; given up at this instant.
    Waiting(DateTime<Utc>),
    /// A provider is being asked.
    Attempting,
    /// A provider may hold it.
    InDoubt,
    /// A provider holds it.
    AtProvider(ProviderId),
    /// No provider took it.
    Failed,
}

impl Order {
    /// Returns the order as it stands after further events.
    #[must_use]
    pub fn evolved(&self, events: &[OrderEvent]) -> Self {
        let mut after = self.clone();
        events.iter().for_each(|event| after.evolve(event));
        after
    }

    /// Returns what the order asks of a candidate; its id, which stands in its stream's name, is added by whoever knows it.
    pub fn request(&self) -> Request {
        Request {
            units_per_run: self.units_per_run,
            total_units: self.quantity,
            package: self.units_per_run.is_none(),
            dripfeed: self.fields.contains_key("runs"),
            order: None,
        }
    }

    /// Returns why the order does not go to a service, where it does not: it was asked for there before and not taken,
    /// another delivered too little of it that is tried after that one, or it waits for its link at another.
    pub fn bars(&self, service: ServiceId) -> Option<Exclusion> {
        if self.remainder_of.as_ref().is_some_and(|of| of.not_at.contains(&service)) {
            return Some(Exclusion::BeforeRemainder);
        }
        let mut attempts = self.attempts.iter();
        if attempts.any(|attempt| attempt.service_id == service && attempt.exhausts_its_candidate())
        {
            return Some(Exclusion::AlreadyTried);
        }
        let waits_at = self.attempts.last().filter(|attempt| attempt.waits_for_its_link());
        waits_at
            .is_some_and(|attempt| attempt.service_id != service)
            .then_some(Exclusion::WaitsForLink)
    }

    /// Returns how often the order was turned away because its link was busy.
    pub fn busy_link_count(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.waits_for_its_link()).count()
    }

    /// Finds an attempt by its id.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.attempt_id == id)
    }

    /// Finds an attempt by its number.
    pub fn attempt_number(&self, number: i32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// Finds a refill by the provider's id of it.
    pub fn refill(&self, id: &str) -> Option<&Refill> {
        self.refills.iter().find(|refill| refill.refill_id == id)
    }

    /// Returns the attempt that has no outcome yet.
    pub fn running_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.state == AttemptState::Started)
    }

    /// Tells whether no provider holds the order or is being asked.
    pub fn is_free(&self) -> bool {
        matches!(
            self.progress,
            Progress::Queued
                | Progress::Deferred(_)
                | Progress::AwaitingLink(_)
                | Progress::Waiting(_)
        )
    }

    pub(super) fn free(&self) -> Result<(), OrderError> {
        match self.progress {
            Progress::Queued
            | Progress::Deferred(_)
            | Progress::AwaitingLink(_)
            | Progress::Waiting(_) => Ok(()),
            Progress::Absent => Err(OrderError::NotFound),
            Progress::Attempting => Err(OrderError::NotFree("a provider is being asked")),
            Progress::InDoubt => Err(OrderError::NotFree("a provider may hold it")),
            Progress::AtProvider(_) => Err(OrderError::NotFree("a provider holds it")),
            Progress::Failed => Err(OrderError::NotFree("no provider took it")),
        }
    }

    /// The event that starts the order's next attempt.
    pub(super) fn started(&self, claim: Claim) -> OrderEvent {
        OrderEvent::AttemptStarted {
            attempt: i32::try_from(self.attempts.len() + 1).unwrap_or(i32::MAX),
            attempt_id: claim.attempt_id,
            provider_id: claim.provider_id,
            service_id: claim.service_id,
            provider_service_id: claim.provider_service_id,
            incarnation: claim.incarnation,
            started_at: claim.started_at,
            send_before: claim.send_before,
            settle_after: claim.settle_after,
            decision: claim.decision,
        }
    }

    fn set_attempt(&mut self, id: AttemptId, state: AttemptState) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.attempt_id == id) {
            attempt.state = state;
        }
    }

    /// The order stays where it is: it is being tried or held elsewhere, or was given up.
    fn evolve_duplicate(&mut self, id: AttemptId, api_order_id: &str) {
        let known = self.attempt(id).map(|attempt| &attempt.state);
        if !matches!(known, Some(AttemptState::Placed(_))) {
            self.set_attempt(id, AttemptState::Placed(api_order_id.to_owned()));
        }
    }

    fn evolve_settled(&mut self, id: AttemptId, as_: SettledAs, api_order_id: Option<&String>) {
        let provider = self.attempt(id).map(|attempt| attempt.provider_id);
        match (as_, provider) {
            (SettledAs::Placed, Some(provider)) => {
                let api_order_id = api_order_id.cloned().unwrap_or_default();
                self.set_attempt(id, AttemptState::Placed(api_order_id));
                self.held_by = Some(id);
                self.progress = Progress::AtProvider(provider);
            }
            _ => {
                self.set_attempt(id, AttemptState::NotPlaced);
                self.progress = Progress::Queued;
            }
        }
    }
}

impl Aggregate for Order {
    const TYPE: &'static str = "order";
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Error = OrderError;

    fn decide(&self, command: OrderCommand) -> Result<Vec<OrderEvent>, OrderError> {
        self.decided(command)
    }

    fn evolve(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced {
                number,
                account,
                service_id,
                link,
                quantity,
                per_run,
                fields,
                digest,
                remainder_of,
                ..
            } => {
                *self = Self {
                    progress: Progress::Queued,
                    service_id: *service_id,
                    number: *number,
                    account: account.clone(),
                    link: link.clone(),
                    fields: fields.clone(),
                    digest: digest.clone(),
                    attempts: vec![],
                    delivery: None,
                    refills: vec![],
                    cancel_requested: false,
                    remainder_of: remainder_of.clone(),
                    remainders: vec![],
                    remainders_left: vec![],
                    gives_up_at: None,
                    held_by: None,
                    quantity: *quantity,
                    units_per_run: *per_run,
                };
            }
            OrderEvent::AttemptStarted {
                attempt,
                attempt_id,
                provider_id,
                service_id,
                provider_service_id,
                incarnation,
                settle_after,
                decision,
                ..
            } => {
                self.attempts.push(Attempt {
                    number: *attempt,
                    attempt_id: *attempt_id,
                    provider_id: *provider_id,
                    service_id: *service_id,
                    provider_service_id: provider_service_id.clone(),
                    incarnation: *incarnation,
                    settle_after: *settle_after,
                    is_trial: decision.is_trial(),
                    state: AttemptState::Started,
                });
                self.progress = Progress::Attempting;
            }
            OrderEvent::AttemptPlaced { attempt_id, provider_id, api_order_id, .. } => {
                self.set_attempt(*attempt_id, AttemptState::Placed(api_order_id.clone()));
                self.held_by = Some(*attempt_id);
                self.progress = Progress::AtProvider(*provider_id);
            }
            OrderEvent::AttemptRefused { attempt_id, class, .. } => {
                self.set_attempt(*attempt_id, AttemptState::Refused(*class));
                self.progress = Progress::Queued;
            }
            OrderEvent::AttemptInDoubt { attempt_id, .. } => {
                self.set_attempt(*attempt_id, AttemptState::InDoubt);
                self.progress = Progress::InDoubt;
            }
            OrderEvent::AttemptNotSent { attempt_id, .. } => {
                self.set_attempt(*attempt_id, AttemptState::NotSent);
                self.progress = Progress::Queued;
            }
            OrderEvent::AttemptSettled { attempt_id, settled_as, api_order_id, .. } => {
                self.evolve_settled(*attempt_id, *settled_as, api_order_id.as_ref());
            }
            OrderEvent::LinkAwaited { order_id, .. } => {
                self.progress = Progress::AwaitingLink(*order_id);
            }
            OrderEvent::OrderDeferred { until, gives_up_at: None, .. } => {
                self.progress = Progress::Deferred(*until);
            }
            OrderEvent::OrderDeferred { gives_up_at: Some(at), .. } => {
                self.progress = Progress::Waiting(*at);
                self.gives_up_at = Some(*at);
            }
            OrderEvent::OrderFailed { .. } => self.progress = Progress::Failed,
            OrderEvent::DuplicateFound { attempt_id, api_order_id, .. } => {
                self.evolve_duplicate(*attempt_id, api_order_id);
            }
            OrderEvent::OrderStatusChanged { .. }
            | OrderEvent::RefillRequested { .. }
            | OrderEvent::RefillStatusChanged { .. }
            | OrderEvent::CancelRequested { .. } => self.follow(event),
            OrderEvent::RemainderOrdered { .. }
            | OrderEvent::RemainderNotOrdered { .. }
            | OrderEvent::RemainderStatusChanged { .. } => self.follow_remainder(event),
            OrderEvent::FailedOver { .. }
            | OrderEvent::UnknownStatusSeen { .. }
            | OrderEvent::RefillRefused { .. }
            | OrderEvent::CancelRefused { .. } => {}
        }
    }
}
