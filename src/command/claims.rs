//! Who may send, and how much at once.
//!
//! An attempt is started only with its provider's send permit in hand, by the one process that dispatches. An order is
//! driven by one task at a time: whoever starts or resumes it holds its [`DriveGuard`].

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use quick_cache::sync::Cache;
use tokio::sync::{mpsc, watch};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};
use uuid::Uuid;

use super::{
    ChosenVersions, LinkLines, Route,
    permits::{Permits, SendPermit},
};
use crate::{
    domain::{
        AttemptId, Incarnation, OrderId, ProviderId,
        order::{Attempt, Claim, Order},
        provider::{Provider, ProviderEvent, ProviderLimits},
        service::Service,
    },
    journal::AppendRequest,
    pace::Turns,
    request_id::RequestId,
};

/// How long after its claim an attempt may be sent: the commit and a connection must fit in.
const SEND_WINDOW: Duration = Duration::from_secs(30);
/// Most orders at rest that are remembered: more than come to rest until their events have been read.
const RESTED: usize = 10_000;
/// How long a provider may take to settle what a cut-off call left behind.
const SETTLE_TIME: Duration = Duration::from_secs(60);

/// Hands out the right to send. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Claims {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    call_limit: Duration,
    permits: Permits,
    /// Set while this process is the one that dispatches.
    tenure: watch::Sender<Option<Incarnation>>,
    /// Every tenure that this process has had.
    tenures: Mutex<HashSet<Incarnation>>,
    /// Counts the tickets in hand.
    tickets: TaskTracker,
    /// Attempts whose first byte may be out, until what became of them is on record.
    sent: Mutex<HashSet<AttemptId>>,
    /// Orders that have a driver, and the latest event that it was told of.
    driven: Mutex<HashMap<OrderId, i64>>,
    links: LinkLines,
    /// Orders whose driver has come to rest lately, and the latest event that it knew: whoever reads of that event later
    /// need not look at the order again.
    rested: Cache<OrderId, i64>,
    work: mpsc::UnboundedSender<Work>,
}

/// What the dispatcher is to do with an order.
#[derive(Debug)]
pub enum Work {
    /// Send an attempt that was started together with the order.
    Send(Box<StartedAttempt>),
    /// Load the order and do what it needs.
    Resume(OrderId),
}

/// An attempt that is on record and may be sent, by the holder of this and nobody else.
#[derive(Debug)]
pub struct StartedAttempt {
    /// Whose attempt.
    pub order_id: OrderId,
    /// The order with the attempt started.
    pub order: Order,
    /// Head of the order's stream.
    pub version: i64,
    /// The attempt.
    pub ticket: Ticket,
    /// Keeps others from driving the order.
    pub guard: DriveGuard,
    /// The request that placed the order.
    pub request_id: Option<RequestId>,
}

/// A claim with its permit: given back when dropped.
#[derive(Debug)]
pub struct Ticket {
    /// What goes on record.
    pub claim: Claim,
    rests_on: ChosenVersions,
    /// How long its call may take: what evidence may say and when rests on it.
    call_limit: Duration,
    claimed_at: Instant,
    _permit: SendPermit,
    _counted: TaskTrackerToken,
}

/// The right to drive an order.
#[derive(Debug)]
pub struct DriveGuard {
    order: OrderId,
    seen: i64,
    claims: Claims,
}

impl Claims {
    /// Makes the desk and the dispatcher's end of it. `call_limit` is how long one `add` may take.
    pub fn new(call_limit: Duration) -> (Self, mpsc::UnboundedReceiver<Work>) {
        let (work, received) = mpsc::unbounded_channel();
        let tickets = TaskTracker::new();
        // Closed means that it can be waited for; it goes on counting.
        tickets.close();
        let shared = Shared {
            call_limit,
            permits: Permits::default(),
            tenure: watch::Sender::new(None),
            tenures: Mutex::default(),
            tickets,
            sent: Mutex::default(),
            driven: Mutex::default(),
            links: LinkLines::default(),
            rested: Cache::new(RESTED),
            work,
        };
        (Self { shared: Arc::new(shared) }, received)
    }

    /// Returns the lines of orders that wait for one another on their links.
    pub fn links(&self) -> &LinkLines {
        &self.shared.links
    }

    /// Notes that an order is over, and has those driven that waited for it on its link.
    pub fn is_over(&self, order: OrderId) {
        self.resume_all(self.shared.links.leave(order));
    }

    /// Notes that an order was not placed after all.
    pub fn was_not_placed(&self, order: OrderId) {
        self.resume_all(self.shared.links.retract(order));
    }

    /// Has orders driven.
    pub fn resume_all(&self, orders: Vec<OrderId>) {
        orders.into_iter().for_each(|order| self.hand_over(Work::Resume(order)));
    }

    /// Begins a tenure of this process as the one that dispatches.
    pub fn begin_tenure(&self) -> Incarnation {
        let incarnation = Incarnation(Uuid::now_v7());
        lock(&self.shared.tenures).insert(incarnation);
        // Who came to rest because nothing could be started then may have left something to do.
        self.shared.rested.clear();
        self.shared.tenure.send_replace(Some(incarnation));
        incarnation
    }

    /// Ends the tenure: from here on nothing is claimed.
    pub fn end_tenure(&self) {
        self.shared.tenure.send_replace(None);
        self.shared.links.close();
    }

    /// Returns the tenure while this process dispatches.
    pub fn tenure(&self) -> Option<Incarnation> {
        *self.shared.tenure.borrow()
    }

    /// Returns once this process does not dispatch.
    pub async fn tenure_over(&self) {
        // The sender lives as long as this does.
        let _ = self.shared.tenure.subscribe().wait_for(Option::is_none).await;
    }

    /// Returns once no ticket is in anybody's hand.
    pub async fn tickets_back(&self) {
        self.shared.tickets.wait().await;
    }

    /// Notes that an attempt's first byte may be out from here on.
    pub fn sending(&self, attempt: AttemptId) {
        lock(&self.shared.sent).insert(attempt);
    }

    /// Notes that what became of an attempt is on record.
    pub fn recorded(&self, attempt: AttemptId) {
        lock(&self.shared.sent).remove(&attempt);
    }

    /// Tells whether an attempt without an outcome certainly was not sent. Ask only while driving its order: then
    /// nobody is about to send it.
    pub fn was_never_sent(&self, attempt: &Attempt) -> bool {
        lock(&self.shared.tenures).contains(&attempt.incarnation)
            && !lock(&self.shared.sent).contains(&attempt.attempt_id)
    }

    /// Claims the route's choice if a permit is free, and its turn has come.
    pub fn try_claim(&self, route: &Route) -> Option<Ticket> {
        let provider = route.decision.choice()?.provider_id;
        let permit = self.shared.permits.try_take(provider, &route.limits)?;
        self.claim(route, permit)
    }

    /// Waits for a permit of the route's choice, and for its turn.
    pub async fn permit(&self, route: &Route) -> Option<SendPermit> {
        let provider = route.decision.choice()?.provider_id;
        self.shared.permits.take(provider, &route.limits).await
    }

    /// Returns the turns that all calls to a provider share.
    pub fn turns(&self, provider: ProviderId, limits: &ProviderLimits) -> Turns {
        self.shared.permits.turns(provider, limits)
    }

    /// Takes the right to drive an order after its event `sequence`; `None` where somebody has it, who then looks again
    /// unless it has seen that event, and where somebody had it who had seen that event.
    pub fn drive(&self, order: OrderId, sequence: i64) -> Option<DriveGuard> {
        let mut driven = lock(&self.shared.driven);
        match driven.entry(order) {
            Entry::Occupied(mut told) => {
                *told.get_mut() = sequence.max(*told.get());
                None
            }
            Entry::Vacant(_) if self.rested_after(order, sequence) => None,
            Entry::Vacant(free) => {
                free.insert(0);
                Some(DriveGuard { order, seen: 0, claims: self.clone() })
            }
        }
    }

    fn rested_after(&self, order: OrderId, sequence: i64) -> bool {
        sequence > 0 && self.shared.rested.get(&order).is_some_and(|seen| seen >= sequence)
    }

    /// Hands work to the dispatcher.
    pub fn hand_over(&self, work: Work) {
        // Without a dispatcher the process is stopping, and the next one finds the order on record.
        let _ = self.shared.work.send(work);
    }

    /// Claims the route's choice with a permit in hand.
    pub fn claim(&self, route: &Route, permit: SendPermit) -> Option<Ticket> {
        let (candidate, rests_on) = (route.decision.choice()?, route.chosen?);
        // Counted before it is known whether this process dispatches: who ends the tenure and then waits for tickets
        // overlooks none.
        let counted = self.shared.tickets.token();
        let started_at = Utc::now();
        let call_limit = route.limits.order_timeout().unwrap_or(self.shared.call_limit);
        let after = |span: Duration| started_at + TimeDelta::from_std(span).unwrap_or_default();
        let claim = Claim {
            attempt_id: AttemptId(Uuid::now_v7()),
            provider_id: candidate.provider_id,
            service_id: candidate.service_id,
            provider_service_id: candidate.provider_service_id.clone(),
            incarnation: self.tenure()?,
            started_at,
            send_before: after(SEND_WINDOW),
            settle_after: after(SEND_WINDOW + call_limit + SETTLE_TIME),
            decision: route.decision.clone(),
        };
        Some(Ticket {
            claim,
            rests_on,
            call_limit,
            claimed_at: Instant::now(),
            _permit: permit,
            _counted: counted,
        })
    }
}

impl Ticket {
    /// Makes a request of an order conflict where the provider or the service has changed since the decision. An order
    /// that tries its provider says so in that stream, so that only one can.
    #[must_use]
    pub fn guard(&self, request: AppendRequest, order_id: OrderId) -> AppendRequest {
        let (provider, version) = (self.claim.provider_id, self.rests_on.provider);
        let request = match self.claim.decision.is_trial() {
            true => {
                let attempt_id = self.claim.attempt_id;
                let trial = ProviderEvent::TrialStarted { order_id, attempt_id };
                request.append::<Provider>(provider, version, &[trial])
            }
            false => request.unless_moved::<Provider>(provider, version),
        };
        request.unless_moved::<Service>(self.claim.service_id, self.rests_on.service)
    }

    /// How long the call may take, connecting included.
    pub fn call_limit(&self) -> Duration {
        self.call_limit
    }

    /// Tells whether a call that takes up to `connect` before its first byte still begins in time. Goes by a clock that
    /// is never set.
    pub fn may_send(&self, connect: Duration) -> bool {
        self.claimed_at.elapsed() + connect < SEND_WINDOW
    }
}

impl DriveGuard {
    /// Notes that the driver knows the order up to a version.
    pub fn saw(&mut self, version: i64) {
        self.seen = version;
    }
}

impl Drop for DriveGuard {
    fn drop(&mut self) {
        let shared = &self.claims.shared;
        let mut driven = lock(&shared.driven);
        shared.rested.insert(self.order, self.seen);
        let told = driven.remove(&self.order);
        drop(driven);
        if told.is_some_and(|told| told > self.seen) {
            self.claims.hand_over(Work::Resume(self.order));
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Position, ServiceId,
        order::AttemptState,
        routing::{Candidate, Decision, Strategy},
    };

    fn route() -> Route {
        let candidate = Candidate {
            provider_id: ProviderId(Uuid::now_v7()),
            service_id: ServiceId(Uuid::now_v7()),
            provider_service_id: "7".to_owned(),
            mapping_priority: None,
            provider_priority: 1,
            score_ppm: None,
            share_ppm: None,
            excluded: vec![],
            on_trial: false,
        };
        let (basis, strategy) = (Position(1), Strategy::Priority);
        let decision = Decision { basis, strategy, candidates: vec![candidate], chosen: Some(0) };
        let chosen = Some(ChosenVersions { provider: 1, service: 1 });
        Route { decision, chosen, limits: ProviderLimits::default() }
    }

    fn recorded(claim: &Claim) -> Attempt {
        Attempt {
            number: 1,
            attempt_id: claim.attempt_id,
            provider_id: claim.provider_id,
            service_id: claim.service_id,
            provider_service_id: claim.provider_service_id.clone(),
            incarnation: claim.incarnation,
            settle_after: claim.settle_after,
            is_trial: false,
            state: AttemptState::Started,
        }
    }

    #[test]
    fn nothing_is_claimed_outside_a_tenure() {
        let (claims, _work) = Claims::new(Duration::from_secs(30));
        assert!(claims.try_claim(&route()).is_none());
        claims.begin_tenure();
        assert!(claims.try_claim(&route()).is_some());
        claims.end_tenure();
        assert!(claims.try_claim(&route()).is_none());
    }

    #[test]
    fn evidence_waits_for_the_time_limit_that_the_provider_has_at_the_claim() {
        let (claims, _work) = Claims::new(Duration::from_secs(30));
        claims.begin_tenure();
        let claimed = |order_timeout_s| {
            let limits = ProviderLimits { order_timeout_s, ..ProviderLimits::default() };
            let ticket = claims.try_claim(&Route { limits, ..route() }).unwrap();
            let settles = ticket.claim.settle_after - ticket.claim.send_before;
            (ticket.call_limit().as_secs(), settles.num_seconds())
        };
        assert_eq!(claimed(None), (30, 90));
        assert_eq!(claimed(Some(200)), (200, 260));
    }

    #[test]
    fn attempt_counts_as_never_sent_only_where_this_process_did_not_send_it() {
        let (claims, _work) = Claims::new(Duration::from_secs(30));
        claims.begin_tenure();
        let attempt = recorded(&claims.try_claim(&route()).unwrap().claim);
        claims.end_tenure();
        claims.begin_tenure();
        assert!(claims.was_never_sent(&attempt), "of an earlier tenure of this process");
        claims.sending(attempt.attempt_id);
        assert!(!claims.was_never_sent(&attempt), "its first byte may be out");
        let (others, _work) = Claims::new(Duration::from_secs(30));
        assert!(!others.was_never_sent(&attempt), "of another process");
    }

    #[test]
    fn time_to_send_ends_before_a_connection_could_outlast_it() {
        let (claims, _work) = Claims::new(Duration::from_secs(30));
        claims.begin_tenure();
        let mut ticket = claims.try_claim(&route()).unwrap();
        let connect = Duration::from_secs(5);
        assert!(ticket.may_send(connect));
        let spent = SEND_WINDOW - connect;
        ticket.claimed_at = ticket.claimed_at.checked_sub(spent).unwrap();
        assert!(!ticket.may_send(connect));
    }

    #[tokio::test]
    async fn tickets_are_waited_for_until_the_last_is_back() {
        let (claims, _work) = Claims::new(Duration::from_secs(30));
        claims.tickets_back().await;
        claims.begin_tenure();
        let ticket = claims.try_claim(&route()).unwrap();
        claims.end_tenure();
        let wait = Duration::from_millis(20);
        assert!(tokio::time::timeout(wait, claims.tickets_back()).await.is_err());
        drop(ticket);
        claims.tickets_back().await;
    }

    #[test]
    fn order_that_came_to_rest_without_a_tenure_is_looked_at_in_the_next_one() {
        let (claims, _work) = Claims::new(Duration::from_secs(30));
        let order = OrderId(Uuid::now_v7());
        let mut guard = claims.drive(order, 1).unwrap();
        guard.saw(1);
        drop(guard);
        assert!(claims.drive(order, 1).is_none(), "nothing is new");
        claims.begin_tenure();
        assert!(claims.drive(order, 1).is_some(), "but it may be started now");
    }

    #[test]
    fn driver_is_told_of_what_happened_while_it_drove() {
        let (claims, mut work) = Claims::new(Duration::from_secs(30));
        let order = OrderId(Uuid::now_v7());
        let mut guard = claims.drive(order, 1).unwrap();
        assert!(claims.drive(order, 2).is_none());
        guard.saw(2);
        drop(guard);
        assert!(work.try_recv().is_err(), "it had seen that event");
        assert!(claims.drive(order, 2).is_none(), "nor does anybody else look again");
        let guard = claims.drive(order, 3).unwrap();
        assert!(claims.drive(order, 4).is_none());
        drop(guard);
        assert!(matches!(work.try_recv(), Ok(Work::Resume(resumed)) if resumed == order));
    }
}
