//! What a provider left undelivered of an order, ordered anew as an order of its own: the child. The parent carries what
//! became of all of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DeliveryStatus, Order, OrderError, OrderEvent, Progress};
use crate::domain::{AttemptId, OrderId, ServiceId, routing::Decision};

/// Fields that say which users are served: after a part of them was, nobody knows which are left.
const LISTS: &[&str] = &["usernames", "comments"];

/// Where an order comes from that orders a remainder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemainderOf {
    /// The customer's order.
    pub parent: OrderId,
    /// The order whose provider delivered too little: the customer's, or an earlier one for its remainder.
    pub cause: OrderId,
    /// Candidates that are not asked: the one that delivered too little, those before it, and those asked before.
    pub not_at: Vec<ServiceId>,
}

/// A remainder that was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remainder {
    /// The order for it.
    pub child_id: OrderId,
    /// The order whose provider delivered too little.
    pub cause: OrderId,
    /// Its units.
    pub quantity: i64,
    /// Units of it that were not delivered in the end; `None` while it is open.
    pub undelivered: Option<i64>,
}

/// How an order stands, with all that was ordered for its remainder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overall {
    /// In progress while anything is open, then by what was delivered in all.
    pub status: DeliveryStatus,
    /// Units not delivered yet, or never.
    pub remains: i64,
}

/// Units that an order's provider did not deliver, once it has ended there or no provider took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    /// All of them where the provider does not say.
    pub units: i64,
    /// Whether the number is the provider's own.
    pub is_known: bool,
}

/// A remainder as it would be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemainderRequest {
    /// Units in all.
    pub quantity: i64,
    /// Units in one run; `None` for a package.
    pub per_run: Option<i64>,
    /// What is sent to a provider besides service and link.
    pub sent: BTreeMap<String, String>,
}

/// What became of the wish to order a remainder.
#[derive(Debug, Clone)]
pub enum RemainderPlan {
    /// It is ordered.
    Order {
        /// The order for it.
        child_id: OrderId,
        /// Its short number.
        number: i64,
        /// Its units.
        quantity: i64,
    },
    /// It is not.
    Leave {
        /// Units that stay undelivered.
        quantity: i64,
        /// Why.
        reason: String,
        /// Every candidate and why it was left out, where that is why.
        decision: Option<Decision>,
    },
}

/// The order of a remainder, as the child's stream begins with it.
#[derive(Debug, Clone)]
pub struct RemainderOrder {
    /// What the panel API answers as `order`.
    pub number: i64,
    /// Whose order.
    pub account: String,
    /// The customer's order as it stands.
    pub parent: Box<Order>,
    /// What is ordered.
    pub request: RemainderRequest,
    /// Where it comes from.
    pub of: RemainderOf,
}

impl Order {
    /// Returns what the order's provider left undelivered; `None` while it may still deliver.
    pub fn shortfall(&self) -> Option<Shortfall> {
        let known = |units: i64| Some(Shortfall { units, is_known: true });
        let delivery = match &self.progress {
            Progress::Failed => return known(self.quantity),
            Progress::AtProvider(_) => self.delivery.as_ref()?,
            _ => return None,
        };
        match (delivery.status, delivery.remains) {
            (DeliveryStatus::Completed, _) => known(0),
            (DeliveryStatus::Canceled, _) => known(self.quantity),
            (DeliveryStatus::Partial, Some(remains)) => known(remains.clamp(0, self.quantity)),
            (DeliveryStatus::Partial, None) => {
                Some(Shortfall { units: self.quantity, is_known: false })
            }
            _ => None,
        }
    }

    /// Tells whether nothing more is expected of the order, nor of what was ordered for its remainder.
    pub fn is_over(&self) -> bool {
        match self.overall() {
            Some(overall) => overall.status.has_ended(),
            None => self.shortfall().is_some(),
        }
    }

    /// Returns the shortfall that could be ordered anew, now that the order stands so after it stood as `before`: a provider
    /// has ended it short of what was ordered, by a known number, of its own accord, and had not called it complete.
    pub fn new_shortfall(&self, before: &Self) -> Option<i64> {
        let was_complete = before.shortfall().is_some_and(|short| short.units == 0);
        let short = self.shortfall().filter(|short| short.is_known && short.units > 0)?;
        let is_news = before.shortfall() != Some(short);
        let at_provider = matches!(self.progress, Progress::AtProvider(_));
        (is_news && at_provider && !was_complete && !self.cancel_requested).then_some(short.units)
    }

    /// Returns how so many units of the order would be ordered anew.
    ///
    /// # Errors
    /// In words, where a part of such an order cannot be ordered.
    pub fn remainder_request(&self, units: i64) -> Result<RemainderRequest, &'static str> {
        if units == self.quantity {
            let (quantity, per_run, sent) = (units, self.units_per_run, self.fields.clone());
            return Ok(RemainderRequest { quantity, per_run, sent });
        }
        if self.units_per_run.is_none() {
            return Err("a part of a package cannot be ordered");
        }
        if self.fields.contains_key("runs") {
            return Err("it was split into runs, of which a part cannot be ordered");
        }
        if LISTS.iter().any(|list| self.fields.contains_key(*list)) {
            return Err("which lines of its list were served is not known");
        }
        if !self.fields.contains_key("quantity") {
            return Err("a part of such an order cannot be ordered");
        }
        let mut sent = self.fields.clone();
        sent.insert("quantity".to_owned(), units.to_string());
        Ok(RemainderRequest { quantity: units, per_run: Some(units), sent })
    }

    /// Tells whether it was decided before what happens to the remainder that this order left.
    pub fn has_decided_remainder(&self, cause: OrderId) -> bool {
        self.remainders.iter().any(|known| known.cause == cause)
            || self.remainders_left.contains(&cause)
    }

    /// Returns how the order stands with all that was ordered for its remainder; `None` where nothing was.
    pub fn overall(&self) -> Option<Overall> {
        if self.remainders.is_empty() {
            return None;
        }
        let own_left = self.shortfall().map(|short| short.units);
        let children = self.remainders.iter();
        let is_open = own_left.is_none() || children.clone().any(|it| it.undelivered.is_none());
        let said = self.delivery.as_ref().and_then(|delivery| delivery.remains);
        let own_left = own_left.or(said).unwrap_or(self.quantity).clamp(0, self.quantity);
        let by_children: i64 =
            children.map(|it| it.quantity - it.undelivered.unwrap_or(it.quantity)).sum();
        let remains = (own_left - by_children).max(0);
        let status = match remains {
            _ if is_open => DeliveryStatus::InProgress,
            0 => DeliveryStatus::Completed,
            all if all == self.quantity => DeliveryStatus::Canceled,
            _ => DeliveryStatus::Partial,
        };
        Some(Overall { status, remains })
    }

    /// Puts how the order stands in all on the events that change it.
    pub fn with_overall(&self, mut events: Vec<OrderEvent>) -> Vec<OrderEvent> {
        let Some(now) = self.evolved(&events).overall() else { return events };
        for event in &mut events {
            match event {
                OrderEvent::OrderStatusChanged { overall, .. } => *overall = Some(now.clone()),
                OrderEvent::RemainderOrdered { overall, .. }
                | OrderEvent::RemainderStatusChanged { overall, .. } => *overall = now.clone(),
                _ => {}
            }
        }
        events
    }

    pub(super) fn place_remainder(
        &self,
        order: RemainderOrder,
    ) -> Result<Vec<OrderEvent>, OrderError> {
        if self.progress != Progress::Absent {
            return Err(OrderError::AlreadyPlaced);
        }
        let RemainderOrder { number, account, parent, request, of } = order;
        Ok(vec![OrderEvent::OrderPlaced {
            number,
            account,
            service_id: parent.service_id,
            link: parent.link,
            quantity: request.quantity,
            per_run: request.per_run,
            fields: request.sent,
            // The customer pays for the parent.
            charge: rust_decimal::Decimal::ZERO,
            digest: parent.digest,
            remainder_of: Some(of),
        }])
    }

    /// Each order's remainder is decided once, whatever its provider says of it later.
    pub(super) fn plan_remainder(&self, cause: OrderId, plan: RemainderPlan) -> Vec<OrderEvent> {
        if self.has_decided_remainder(cause) {
            return vec![];
        }
        let event = match plan {
            RemainderPlan::Order { child_id, number, quantity } => {
                let overall = Overall { status: DeliveryStatus::InProgress, remains: quantity };
                OrderEvent::RemainderOrdered { child_id, number, cause, quantity, overall }
            }
            RemainderPlan::Leave { quantity, reason, decision } => {
                OrderEvent::RemainderNotOrdered { cause, quantity, reason, decision }
            }
        };
        self.with_overall(vec![event])
    }

    pub(super) fn record_remainder(&self, child: OrderId, left: Option<i64>) -> Vec<OrderEvent> {
        let known = self.remainders.iter().find(|known| known.child_id == child);
        if known.is_none_or(|known| known.undelivered == left) {
            return vec![];
        }
        let overall = Overall { status: DeliveryStatus::InProgress, remains: 0 };
        self.with_overall(vec![OrderEvent::RemainderStatusChanged {
            child_id: child,
            undelivered: left,
            overall,
        }])
    }

    /// Takes in what became of remainders.
    pub(super) fn follow_remainder(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::RemainderOrdered { child_id, cause, quantity, .. } => {
                let (child_id, cause, quantity) = (*child_id, *cause, *quantity);
                self.remainders.push(Remainder { child_id, cause, quantity, undelivered: None });
            }
            OrderEvent::RemainderNotOrdered { cause, .. } => self.remainders_left.push(*cause),
            OrderEvent::RemainderStatusChanged { child_id, undelivered, .. } => {
                let mut known = self.remainders.iter_mut();
                if let Some(known) = known.find(|known| known.child_id == *child_id) {
                    known.undelivered = *undelivered;
                }
            }
            _ => {}
        }
    }

    /// Returns the services that were asked for the order and cannot be asked again, and the one that holds it.
    pub fn asked_services(&self) -> impl Iterator<Item = ServiceId> {
        let held: Option<AttemptId> = self.held_by;
        let asked = self.attempts.iter().filter(move |attempt| {
            attempt.exhausts_its_candidate() || Some(attempt.attempt_id) == held
        });
        asked.map(|attempt| attempt.service_id)
    }
}
