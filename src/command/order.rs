//! Commands on orders.

use chrono::{TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    CommandError, Commands, Done, DriveGuard, LinkedOrder, Loaded, Route, StartedAttempt, Ticket,
    Turn, Work,
    race::{Failure, retried},
};
use crate::{
    domain::{
        Aggregate, OrderId, ServiceId,
        order::{
            NextStep, Order, OrderCommand, OrderEvent, OrderFields, OrderRequest, Progress,
            SettledAs,
        },
        reservation::{Reservation, ReservationCommand, ReservationError, Subject},
        routing::{Decision, Exclusion, Request},
        service::Service,
    },
    journal::{AppendError, AppendRequest, read_head},
    request_id::RequestId,
};

/// Longest idempotency key and note, in bytes.
const MAX_TEXT_BYTES: usize = 1000;

/// An order to place.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    /// What is ordered.
    pub service_id: ServiceId,
    /// Link, quantity and the type's other fields.
    pub request: OrderRequest,
    /// The same key answers the same order.
    pub idempotency_key: Option<String>,
    /// Whose order.
    pub account: String,
}

/// An operator's word on an attempt in doubt.
#[derive(Debug, Clone)]
pub struct SettleAttempt {
    /// Which order.
    pub order_id: OrderId,
    /// Number of the attempt.
    pub attempt: i32,
    /// What became of it.
    pub settled_as: SettledAs,
    /// The provider's id of the order, where it was placed.
    pub api_order_id: Option<String>,
    /// The evidence, in words.
    pub note: String,
}

/// An order as it is about to be recorded.
struct Draft {
    service_version: i64,
    fields: OrderFields,
    charge: rust_decimal::Decimal,
    route: Route,
}

impl Commands {
    /// Takes an order; it is durable when this returns, and routed after that.
    ///
    /// # Errors
    /// `Invalid` names the field at fault; `Unroutable` where no provider can take it, and then nothing is recorded;
    /// `Conflict` where the idempotency key was used for another request; `NotFound`; `Unavailable`.
    pub async fn place_order(&self, place: PlaceOrder) -> Result<Done<OrderId>, CommandError> {
        let digest = digest(&place);
        let id = match &place.idempotency_key {
            None => OrderId(Uuid::now_v7()),
            Some(key) => {
                let key = bounded("idempotencyKey", key)?;
                OrderId::derive(&place.account, key)
            }
        };
        retried!(self, {
            if place.idempotency_key.is_some()
                && let Some(done) = self.placed_before(id, &digest).await?
            {
                return Ok(done);
            }
            let draft = self.draft(id, &place)?;
            self.record_order(id, &digest, &place, draft).await
        })
    }

    /// Settles an attempt in doubt by an operator's word.
    ///
    /// # Errors
    /// `Conflict` where the attempt is not in doubt, the provider could still take it, or another order holds the
    /// provider's id; `Invalid` names the field at fault; `NotFound`.
    pub async fn settle_attempt(
        &self,
        settle: SettleAttempt,
    ) -> Result<Done<OrderId>, CommandError> {
        let id = settle.order_id;
        let note = bounded("note", &settle.note)?;
        let api_order_id = match settle.api_order_id.as_deref().map(str::trim) {
            Some("") | None => None,
            Some(id) => Some(bounded("apiOrderId", id)?.to_owned()),
        };
        retried!(self, {
            let order = self.load::<Order>(id).await?;
            let command = OrderCommand::Settle {
                attempt: settle.attempt,
                settled_as: settle.settled_as,
                api_order_id: api_order_id.clone(),
                note: note.to_owned(),
                now: Utc::now(),
                next: self.next_candidate(id, &order.aggregate).await?,
            };
            let events = order.aggregate.decide(command)?;
            let told = self.told_to_parent(id, &order.aggregate, &events).await?;
            let request = AppendRequest::of_command("settleAttempt");
            let request = request.append::<Order>(id, order.version, &events);
            let mut request = told.add_to(request);
            if let Some((subject, stream)) = held_order(id, &events) {
                let reservation = self.load::<Reservation>(&stream).await?;
                let reserved = reservation.aggregate.decide(ReservationCommand::Reserve(subject));
                let events = reserved.map_err(|error @ ReservationError::Taken { .. }| {
                    CommandError::Conflict(error.to_string())
                })?;
                request = request.append::<Reservation>(stream, reservation.version, &events);
            }
            let position = self.parts.journal.append(request).await?.position;
            Ok(Done { value: id, position })
        })
    }

    /// Returns where an order goes once its attempt in doubt turns out not to be placed. The dispatcher looks again when
    /// it has a permit.
    pub(super) async fn next_candidate(
        &self,
        id: OrderId,
        order: &Order,
    ) -> Result<NextStep, CommandError> {
        let route = self.route_surely(id, order, |id| order.bars(id)).await?;
        Ok(match route.decision.choice() {
            Some(candidate) => NextStep::Queue(candidate.provider_id),
            None => self.without_candidate(order, route.decision),
        })
    }

    /// Returns what becomes of an order that nobody can take now: it waits for who is only set aside, or is given up.
    pub fn without_candidate(&self, order: &Order, decision: Decision) -> NextStep {
        match self.waiting(order, &decision) {
            Some(waiting) => NextStep::Hold(waiting),
            None => NextStep::GiveUp(Some(decision)),
        }
    }

    /// Chooses where an order goes, by what is known now; `None` for a service that is not known yet.
    pub fn route(
        &self,
        service: ServiceId,
        request: &Request,
        barred: impl Fn(ServiceId) -> Option<Exclusion>,
    ) -> Option<Route> {
        let now = Utc::now();
        self.parts.catalogue.read(|snapshot| snapshot.route(service, request, now, barred))
    }

    /// Chooses where an order goes, and does not say that it can go nowhere before everything that has happened is known.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] where that cannot be known at present.
    pub async fn route_surely(
        &self,
        id: OrderId,
        order: &Order,
        barred: impl Fn(ServiceId) -> Option<Exclusion>,
    ) -> Result<Route, CommandError> {
        let request = Request { order: Some(id), ..order.request() };
        match self.route(order.service_id, &request, &barred) {
            Some(route) if route.chosen.is_some() => return Ok(route),
            _ => self.catch_up().await?,
        }
        self.route(order.service_id, &request, &barred).ok_or_else(|| {
            CommandError::Unavailable("the order's service is not known yet".to_owned())
        })
    }

    async fn placed_before(
        &self,
        id: OrderId,
        digest: &str,
    ) -> Result<Option<Done<OrderId>>, CommandError> {
        let Loaded { aggregate: order, .. } = self.load::<Order>(id).await?;
        if order.progress == Progress::Absent {
            return Ok(None);
        }
        if order.digest != digest {
            return Err(CommandError::Conflict(
                "this idempotencyKey was used for another order: use a new one".to_owned(),
            ));
        }
        let position = read_head(self.parts.journal.pool()).await?;
        Ok(Some(Done { value: id, position }))
    }

    /// Decides on one snapshot of the catalogue, so that price, limits and choice belong together.
    fn draft(&self, id: OrderId, place: &PlaceOrder) -> Result<Draft, CommandError> {
        let not_found = || CommandError::NotFound("there is no such service".to_owned());
        let now = Utc::now();
        self.parts.catalogue.read(|snapshot| {
            let found = snapshot.service(place.service_id).ok_or_else(not_found)?;
            let service = found.aggregate.associated().ok_or_else(not_found)?;
            if !service.enabled {
                return Err(CommandError::Unroutable("the service is not for sale".to_owned()));
            }
            let limits = (service.listing.min, service.listing.max);
            let fields =
                OrderFields::try_new(&service.listing.kind, limits, place.request.clone())?;
            let request = Request { order: Some(id), ..fields.request() };
            let route = snapshot.route(place.service_id, &request, now, |_| None);
            let route = route.ok_or_else(not_found)?;
            let waits = route.decision.waits() && self.wait_limit_of(service) > TimeDelta::zero();
            if route.chosen.is_none() && !waits {
                return Err(CommandError::Unroutable(unroutable(&route.decision)));
            }
            let charge = fields.charge(service.price);
            Ok(Draft { service_version: found.version, fields, charge, route })
        })
    }

    /// Records an order, and its first attempt where a permit is free.
    async fn record_order(
        &self,
        id: OrderId,
        digest: &str,
        place: &PlaceOrder,
        draft: Draft,
    ) -> Result<Done<OrderId>, Failure> {
        let number = self.parts.order_numbers.next().await?;
        let guard = self.parts.claims.drive(id, 0);
        let link = draft.fields.link.clone();
        let linked = LinkedOrder { order_id: id, number, service_id: place.service_id, link };
        let turn = guard.as_ref().and_then(|_| self.turn_now(linked));
        let may_start = turn == Some(Turn::Taken);
        let ticket = may_start.then(|| self.parts.claims.try_claim(&draft.route)).flatten();
        let mut order = Order::default();
        let mut events = order.decide(OrderCommand::Place {
            number,
            account: place.account.clone(),
            service_id: place.service_id,
            fields: draft.fields,
            charge: draft.charge,
            digest: digest.to_owned(),
            claim: ticket.as_ref().map(|ticket| ticket.claim.clone()),
        })?;
        if let Some(Turn::After { order_id, number }) = turn {
            events.iter().for_each(|event| order.evolve(event));
            events.extend(order.decide(OrderCommand::AwaitLink { order_id, number })?);
        }
        let mut request = AppendRequest::of_command("placeOrder").append::<Order>(id, 0, &events);
        if let Some(ticket) = &ticket {
            request = ticket.guard(request, id);
        }
        if ticket.as_ref().is_none_or(|ticket| ticket.claim.service_id != place.service_id) {
            request = request.unless_moved::<Service>(place.service_id, draft.service_version);
        }
        let appended = self.parts.journal.append(request).await;
        match &appended {
            Err(AppendError::OutcomeUnknown) => {
                self.parts.claims.hand_over(Work::Resume(id));
            }
            Err(_) if turn.is_some() => self.parts.claims.was_not_placed(id),
            _ => {}
        }
        let position = appended?.position;
        if let Some((ticket, mut guard)) = ticket.zip(guard) {
            guard.saw(events.len() as i64);
            self.hand_over(id, &events, ticket, guard);
        }
        Ok(Done { value: id, position })
    }

    /// Lets an order ahead on its link, or says for whom it waits.
    pub fn turn(&self, order: LinkedOrder) -> Turn {
        let same_kind = |one: ServiceId, other: ServiceId| {
            self.parts.catalogue.read(|snapshot| snapshot.same_kind(one, other))
        };
        self.parts.claims.links().turn(order, same_kind)
    }

    /// The same, unless it is not known yet who is ahead.
    fn turn_now(&self, order: LinkedOrder) -> Option<Turn> {
        self.parts.claims.links().are_open().then(|| self.turn(order))
    }

    fn hand_over(
        &self,
        order_id: OrderId,
        events: &[OrderEvent],
        ticket: Ticket,
        guard: DriveGuard,
    ) {
        let mut order = Order::default();
        events.iter().for_each(|event| order.evolve(event));
        let version = events.len() as i64;
        let request_id = RequestId::current();
        let started = StartedAttempt { order_id, order, version, ticket, guard, request_id };
        self.parts.claims.hand_over(Work::Send(Box::new(started)));
    }
}

/// Returns the reservation of a provider's order id that goes with these events: the id that the command brought, which
/// stands in the first. An id in a later event was reserved when it came.
pub(crate) fn held_order(id: OrderId, events: &[OrderEvent]) -> Option<(Subject, String)> {
    let (provider, api_order_id) = events.first().and_then(|event| match event {
        OrderEvent::AttemptPlaced { provider_id, api_order_id, .. }
        | OrderEvent::DuplicateFound { provider_id, api_order_id, .. } => {
            Some((*provider_id, api_order_id))
        }
        OrderEvent::AttemptSettled { provider_id, api_order_id: Some(api_order_id), .. } => {
            Some((*provider_id, api_order_id))
        }
        _ => None,
    })?;
    let subject = Subject::provider_order(provider, api_order_id, id);
    let stream = subject.stream_id();
    Some((subject, stream))
}

pub(super) fn unroutable(decision: &Decision) -> String {
    let reasons: Vec<String> = decision
        .candidates
        .iter()
        .map(|candidate| {
            let rules = candidate.exclusions_in_words();
            format!("service {}: {rules}", candidate.provider_service_id)
        })
        .collect();
    format!("no provider can take this order: {}", reasons.join("; "))
}

pub(super) fn bounded<'a>(field: &str, text: &'a str) -> Result<&'a str, CommandError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CommandError::invalid(field, format!("`{field}` is empty")));
    }
    if text.len() > MAX_TEXT_BYTES {
        let problem = format!("`{field}` has over {MAX_TEXT_BYTES} bytes");
        return Err(CommandError::invalid(field, problem));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        let problem = format!("`{field}` contains a control character");
        return Err(CommandError::invalid(field, problem));
    }
    Ok(text)
}

fn digest(place: &PlaceOrder) -> String {
    let request = &place.request;
    let facts =
        serde_json::json!([place.service_id, request.link, request.quantity, request.fields]);
    Sha256::digest(facts.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
