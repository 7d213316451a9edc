//! All that a panel knows, behind one lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use super::actions::Refusal;
use super::catalogue::Shelf;
use super::orders::{Now, OrderBook};
use super::params::{Params, Sent};
use super::replies::Body;
use super::{Action, Fault, FaultRule, Latency, Moment, OrderStatus, PanelConfig, Switches};

/// How many calls are remembered; older ones are forgotten.
const MOST_REQUESTS: usize = 20_000;

/// A call as it reached the panel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordedRequest {
    /// What was asked for, if it is an action that panels know.
    pub action: Option<Action>,
    /// All parameters, without the key.
    pub params: BTreeMap<String, String>,
    /// How it was sent.
    pub sent: Sent,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// The fault that was drawn for it.
    pub fault: Option<Fault>,
}

/// A panel at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanelState {
    /// Rows in the catalogue.
    pub services: usize,
    /// What the account holds, in `currency`.
    pub balance: Decimal,
    /// The panel's currency.
    pub currency: String,
    /// Accepted orders by status.
    pub orders: BTreeMap<OrderStatus, usize>,
    /// Calls since the start, by action; those without a known action are not counted.
    pub requests: BTreeMap<Action, u64>,
    /// Calls that a fault was drawn for.
    pub faulty_requests: u64,
    /// The rules in force.
    pub faults: Vec<FaultRule>,
    /// The delay of every answer.
    pub latency: Latency,
    /// The habits that are on.
    pub switches: Switches,
}

/// What will happen to a call that has just arrived.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) latency: Duration,
    pub(super) fault: Option<(Fault, Moment)>,
}

#[derive(Debug)]
pub(super) struct State {
    key: String,
    pub(super) currency: String,
    pub(super) shelf: Shelf,
    pub(super) book: OrderBook,
    pub(super) rng: fastrand::Rng,
    pub(super) faults: Vec<FaultRule>,
    pub(super) latency: Latency,
    pub(super) switches: Switches,
    requests: VecDeque<RecordedRequest>,
    counts: BTreeMap<Action, u64>,
    faulty: u64,
}

impl State {
    pub(super) fn new(config: PanelConfig) -> Self {
        Self {
            key: config.key,
            currency: config.currency,
            shelf: Shelf::new(config.catalogue),
            book: OrderBook::new(config.ids, config.pace, config.balance),
            rng: fastrand::Rng::with_seed(config.seed),
            faults: Vec::new(),
            latency: config.latency,
            switches: config.switches,
            requests: VecDeque::new(),
            counts: BTreeMap::new(),
            faulty: 0,
        }
    }

    /// Records a call and draws its delay and its fault.
    pub(super) fn receive(&mut self, params: &Params, now: Now) -> Plan {
        let action = params.get("action").and_then(Action::parse);
        let rng = &mut self.rng;
        let latency = self.latency.draw(rng);
        let rule = self.faults.iter_mut().find_map(|rule| rule.hits(action, rng).then_some(rule));
        let fault = rule.map(|rule| (rule.fault.clone(), rule.moment));
        if let Some(action) = action {
            *self.counts.entry(action).or_default() += 1;
        }
        self.faulty += u64::from(fault.is_some());
        if self.requests.len() == MOST_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(RecordedRequest {
            action,
            params: params.without_key(),
            sent: params.sent(),
            at: now.utc,
            fault: fault.as_ref().map(|(fault, _)| fault.clone()),
        });
        Plan { latency, fault }
    }

    /// Does what a call asks for.
    pub(super) fn act(&mut self, params: &Params, now: Now) -> Result<Body, Refusal> {
        if params.get("key") != Some(&self.key) {
            return Err(Refusal::KeyInvalid);
        }
        if self.switches.no_lists && ["orders", "refills"].iter().any(|l| params.get(l).is_some()) {
            return Err(Refusal::OrderUnknown);
        }
        let action = params.get("action").and_then(Action::parse);
        action.ok_or(Refusal::RequestIncorrect)?.answer(self, params, now)
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn show(&self, now: Now) -> PanelState {
        PanelState {
            services: self.shelf.catalogue().rows().len(),
            balance: self.book.balance.normalize(),
            currency: self.currency.clone(),
            orders: self.book.count(now),
            requests: self.counts.clone(),
            faulty_requests: self.faulty,
            faults: self.faults.clone(),
            latency: self.latency,
            switches: self.switches,
        }
    }

    #[cfg(test)]
    pub(super) fn sample(catalogue: super::Catalogue) -> Self {
        Self::new(PanelConfig { catalogue, ..PanelConfig::default() })
    }
}

/// The state as connections and the owner of a panel share it.
#[derive(Debug)]
pub(super) struct Shared(Mutex<State>);

impl Shared {
    pub(super) fn new(config: PanelConfig) -> Self {
        Self(Mutex::new(State::new(config)))
    }

    /// Looks at the state as of now, with all refunds that are due paid. Never held across an await.
    pub(super) fn lock(&self) -> (MutexGuard<'_, State>, Now) {
        // A caller's edit that panicked leaves a panel that still answers.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Now::read();
        state.book.settle(now);
        (state, now)
    }
}
