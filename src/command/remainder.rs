//! What a provider left undelivered: ordered at the next candidate, and told to the customer's order.
//!
//! # Correctness
//! The order for a remainder begins in the same append as the event of its parent that names it, and as the status that
//! calls for it; what becomes of it reaches the parent in the append that ends it. So no crash comes between, and a parent
//! is never seen as ended while its remainder is about to be ordered. Its id follows from the parent and the order whose
//! provider delivered too little, and the parent decides about each of these once.

use super::{CommandError, Commands, Loaded, order::unroutable};
use crate::{
    domain::{
        Aggregate, OrderId, ServiceId,
        order::{
            Order, OrderCommand, OrderEvent, RemainderOf, RemainderOrder, RemainderPlan,
            RemainderRequest,
        },
        routing::Request,
        service::RemainderPolicy,
    },
    journal::AppendRequest,
};

/// Events for further orders, to be appended along.
#[derive(Debug, Default)]
pub(crate) struct Along(Vec<(OrderId, i64, Vec<OrderEvent>)>);

impl Along {
    /// Adds them to a request.
    pub(crate) fn add_to(self, request: AppendRequest) -> AppendRequest {
        self.0.into_iter().fold(request, |request, (id, version, events)| {
            request.append::<Order>(id, version, &events)
        })
    }
}

/// An order whose provider delivered too little.
struct Cause<'a> {
    id: OrderId,
    order: &'a Order,
    units: i64,
}

impl Commands {
    /// Adds to the events of a customer's order what happens to the remainder that they leave; returns the order for it too.
    pub(super) async fn with_remainder(
        &self,
        id: OrderId,
        order: &Order,
        mut events: Vec<OrderEvent>,
    ) -> Result<(Vec<OrderEvent>, Along), CommandError> {
        let after = order.evolved(&events);
        let units = after.new_shortfall(order).filter(|_| order.remainder_of.is_none());
        let Some(units) = units else { return Ok((events, Along::default())) };
        let cause = Cause { id, order: &after, units };
        let Some((planned, child)) = self.plan_remainder((id, &after), cause).await? else {
            return Ok((events, Along::default()));
        };
        events.extend(planned);
        Ok((order.with_overall(events), child))
    }

    /// Returns what the parent of an order is told of these events of it, and what is ordered in its place; nothing for an
    /// order without a parent.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] where the parent cannot be loaded.
    pub(crate) async fn told_to_parent(
        &self,
        id: OrderId,
        order: &Order,
        events: &[OrderEvent],
    ) -> Result<Along, CommandError> {
        let Some(of) = &order.remainder_of else { return Ok(Along::default()) };
        let after = order.evolved(events);
        let left = after.shortfall().map(|short| short.units);
        if left == order.shortfall().map(|short| short.units) {
            return Ok(Along::default());
        }
        let Loaded { aggregate: parent, version, .. } = self.load::<Order>(of.parent).await?;
        let (mut told, mut along) = (vec![], Along::default());
        if let Some(units) = after.new_shortfall(order) {
            let cause = Cause { id, order: &after, units };
            let planned = self.plan_remainder((of.parent, &parent), cause).await?;
            (told, along) = planned.unwrap_or_default();
        }
        let record = OrderCommand::RecordRemainder { child_id: id, undelivered: left };
        told.extend(parent.evolved(&told).decide(record)?);
        along.0.push((of.parent, version, parent.with_overall(told)));
        Ok(along)
    }

    /// Plans what happens to a remainder; `None` where nothing is to.
    async fn plan_remainder(
        &self,
        (parent_id, parent): (OrderId, &Order),
        cause: Cause<'_>,
    ) -> Result<Option<(Vec<OrderEvent>, Along)>, CommandError> {
        let wanted = self.completes_remainders(parent.service_id);
        if !wanted || parent.cancel_requested || parent.has_decided_remainder(cause.id) {
            return Ok(None);
        }
        let (cause_id, quantity) = (cause.id, cause.units);
        let (plan, child) = match cause.order.remainder_request(quantity) {
            Ok(request) => self.route_remainder((parent_id, parent), cause, request).await?,
            Err(reason) => {
                let reason = reason.to_owned();
                (RemainderPlan::Leave { quantity, reason, decision: None }, Along::default())
            }
        };
        let planned = parent.decide(OrderCommand::PlanRemainder { cause: cause_id, plan })?;
        Ok(Some((planned, child)))
    }

    fn completes_remainders(&self, service: ServiceId) -> bool {
        self.parts.catalogue.read(|snapshot| {
            let ordered = snapshot.service(service).and_then(|found| found.aggregate.imported());
            ordered.is_some_and(|ordered| ordered.remainder == RemainderPolicy::Complete)
        })
    }

    /// Looks for a candidate after the one that delivered too little.
    async fn route_remainder(
        &self,
        (parent_id, parent): (OrderId, &Order),
        cause: Cause<'_>,
        request: RemainderRequest,
    ) -> Result<(RemainderPlan, Along), CommandError> {
        let quantity = request.quantity;
        let of = RemainderOf {
            parent: parent_id,
            cause: cause.id,
            not_at: self.candidates_passed(parent, &cause),
        };
        let number = self.parts.order_numbers.next().await?;
        let order = RemainderOrder {
            number,
            account: parent.account.clone(),
            parent: Box::new(parent.clone()),
            request,
            of,
        };
        let placed = Order::default().decide(OrderCommand::PlaceRemainder(order))?;
        let child = Order::default().evolved(&placed);
        let child_id = OrderId::of_remainder(parent_id, cause.id);
        let route = self.route_surely(child_id, &child, |id| child.bars(id)).await?;
        let waits = self.waiting(&child, &route.decision).is_some();
        if route.decision.choice().is_none() && !waits {
            let reason = unroutable(&route.decision);
            let decision = Some(route.decision);
            return Ok((RemainderPlan::Leave { quantity, reason, decision }, Along::default()));
        }
        let plan = RemainderPlan::Order { child_id, number, quantity };
        Ok((plan, Along(vec![(child_id, 0, placed)])))
    }

    /// Returns the candidates up to the one that delivered too little, in the order in which they are tried, and whoever was
    /// asked before.
    fn candidates_passed(&self, parent: &Order, cause: &Cause<'_>) -> Vec<ServiceId> {
        let Cause { id, order: cause, .. } = cause;
        let failed = cause.holding().ok().map(|held| held.service_id);
        let request = Request { order: Some(*id), ..cause.request() };
        let route = self.route(parent.service_id, &request, |_| None);
        let in_turn = route.map(|route| route.decision.candidates).unwrap_or_default();
        let in_turn: Vec<ServiceId> = in_turn.iter().map(|it| it.service_id).collect();
        let upto = in_turn.iter().position(|id| Some(*id) == failed).map_or(0, |index| index + 1);
        let before = cause.remainder_of.iter().flat_map(|of| of.not_at.iter().copied());
        let mut passed: Vec<ServiceId> = in_turn[..upto].to_vec();
        passed.extend(before.chain(parent.asked_services()).chain(cause.asked_services()));
        passed.sort_unstable();
        passed.dedup();
        passed
    }
}
