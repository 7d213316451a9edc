use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{BackOff, Bearing, Outcome, ResumedBy, SuspensionCause, Trip};
use crate::domain::{
    AttemptId, Balance, OrderId,
    provider::{NoBalance, ProviderEvent},
};

/// Where a provider stands with the breaker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breaker {
    circuit: Circuit,
    /// How often it was found failing since it was last steady.
    trips: i32,
    /// When it was last put back to work.
    resumed_at: Option<DateTime<Utc>>,
}

/// Whether orders may go to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Circuit {
    /// They may.
    #[default]
    Closed,
    /// They may not.
    Open(Suspension),
    /// One may, to try whether it works again.
    HalfOpen {
        /// What it is to recover from.
        from: Suspension,
        /// The order that tries it.
        trial: Option<Trial>,
    },
}

/// Why a provider is set aside, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Why.
    pub cause: SuspensionCause,
    /// The same in words.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is asked whether it works again; `None` is not before an operator says so.
    pub until: Option<DateTime<Utc>>,
}

/// The order that tries whether a provider works again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Which order.
    pub order_id: OrderId,
    /// Which of its attempts.
    pub attempt_id: AttemptId,
}

/// What a trial came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The provider works.
    Works,
    /// It does not.
    Fails(Trip),
    /// It cannot be told, for this reason.
    Undecided(String),
}

impl Verdict {
    /// Judges how the attempt ended that tried a provider.
    pub fn of(outcome: Outcome, words: &str) -> Self {
        let fails = |cause| {
            let (reason, retry_after) = (words.to_owned(), outcome.retry_after());
            Self::Fails(Trip { cause, reason, retry_after })
        };
        match outcome.bearing() {
            Bearing::Good => Self::Works,
            Bearing::Failure => fails(SuspensionCause::TrialFailed),
            Bearing::OutOfUse(cause) => fails(cause),
            Bearing::ServiceOutOfUse | Bearing::None => Self::Undecided(words.to_owned()),
        }
    }
}

impl Breaker {
    /// Returns whether orders may go to the provider.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Returns the order that tries the provider.
    pub fn trial(&self) -> Option<Trial> {
        match self.circuit {
            Circuit::HalfOpen { trial, .. } => trial,
            Circuit::Closed | Circuit::Open(_) => None,
        }
    }

    /// Returns when the provider was last put back to work: what began before says nothing of it any more.
    pub fn resumed_at(&self) -> Option<DateTime<Utc>> {
        self.resumed_at
    }

    /// Tells whether the time has come to ask the provider whether it works again.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        match &self.circuit {
            Circuit::Open(suspension) => suspension.until.is_some_and(|until| until <= now),
            Circuit::Closed | Circuit::HalfOpen { .. } => false,
        }
    }

    /// Tells whether the provider has asked to be left alone, and the time that it asked for is not over.
    pub fn is_left_alone(&self, now: DateTime<Utc>) -> bool {
        match &self.circuit {
            Circuit::Open(suspension) => {
                suspension.cause == SuspensionCause::RetryAfter
                    && suspension.until.is_some_and(|until| now < until)
            }
            Circuit::Closed | Circuit::HalfOpen { .. } => false,
        }
    }

    /// Tells whether the provider is asked again and again whether it works, so that nobody else need ask it.
    pub fn is_probed(&self) -> bool {
        match &self.circuit {
            Circuit::Open(suspension) => {
                suspension.until.is_some() && suspension.cause != SuspensionCause::Operator
            }
            Circuit::Closed | Circuit::HalfOpen { .. } => false,
        }
    }

    /// Sets a working provider aside.
    pub(in crate::domain::provider) fn trip(
        &self,
        trip: Trip,
        back_off: BackOff,
        now: DateTime<Utc>,
    ) -> Vec<ProviderEvent> {
        match self.circuit {
            Circuit::Closed => vec![self.suspended(trip, back_off, now)],
            Circuit::Open(_) | Circuit::HalfOpen { .. } => vec![],
        }
    }

    /// Takes in what a balance call came to. Where the account or the key was the trouble, it is proof at any time; else
    /// it is asked for when the pause is over.
    pub(in crate::domain::provider) fn probed(
        &self,
        reading: &Result<Balance, NoBalance>,
        back_off: BackOff,
        now: DateTime<Utc>,
    ) -> Vec<ProviderEvent> {
        let Circuit::Open(suspension) = &self.circuit else { return vec![] };
        let due = self.is_due(now);
        let failed = |failed: NoBalance| match due {
            true => vec![self.probe_failed(failed, back_off, now)],
            false => vec![],
        };
        match (reading, suspension.cause) {
            (Err(no_balance), _) => failed(no_balance.clone()),
            (Ok(balance), SuspensionCause::WalletEmpty) if balance.amount <= Decimal::ZERO => {
                failed(NoBalance::because(format!("our account there holds {}", balance.amount)))
            }
            (Ok(_), SuspensionCause::WalletEmpty | SuspensionCause::BadKey) => {
                vec![ProviderEvent::ProviderHalfOpened { at: now }]
            }
            (Ok(_), _) if due => vec![ProviderEvent::ProviderHalfOpened { at: now }],
            (Ok(_), _) => vec![],
        }
    }

    /// Takes in what the order came to that tried the provider.
    pub(in crate::domain::provider) fn tried(
        &self,
        attempt_id: AttemptId,
        verdict: Verdict,
        back_off: BackOff,
        now: DateTime<Utc>,
    ) -> Vec<ProviderEvent> {
        if self.trial().is_none_or(|trial| trial.attempt_id != attempt_id) {
            return vec![];
        }
        vec![match verdict {
            Verdict::Works => ProviderEvent::ProviderResumed { by: ResumedBy::Trial, at: now },
            Verdict::Fails(trip) => self.suspended(trip, back_off, now),
            Verdict::Undecided(reason) => ProviderEvent::TrialReleased { attempt_id, reason },
        }]
    }

    /// Sets the provider aside by an operator's word, whatever else is known of it.
    pub(in crate::domain::provider) fn suspend(
        &self,
        until: Option<DateTime<Utc>>,
        reason: String,
        now: DateTime<Utc>,
    ) -> Vec<ProviderEvent> {
        let (cause, trips) = (SuspensionCause::Operator, self.trips);
        vec![ProviderEvent::ProviderSuspended { cause, reason, since: now, until, trips }]
    }

    /// Puts the provider back to work by an operator's word.
    pub(in crate::domain::provider) fn resume(&self, now: DateTime<Utc>) -> Vec<ProviderEvent> {
        match self.circuit {
            Circuit::Closed => vec![],
            Circuit::Open(_) | Circuit::HalfOpen { .. } => {
                vec![ProviderEvent::ProviderResumed { by: ResumedBy::Operator, at: now }]
            }
        }
    }

    fn suspended(&self, trip: Trip, back_off: BackOff, now: DateTime<Utc>) -> ProviderEvent {
        let next = self.next_trips(back_off.policy.steady_after, now);
        // Who asks for a rest and gets it is not found failing again.
        let (trips, pause) = match trip.retry_after {
            Some(asked) => (self.trips.clamp(1, next), back_off.policy.rest(asked)),
            None => (next, back_off.pause(next)),
        };
        ProviderEvent::ProviderSuspended {
            cause: trip.cause,
            reason: trip.reason,
            since: now,
            until: Some(now + pause),
            trips,
        }
    }

    fn probe_failed(
        &self,
        failed: NoBalance,
        back_off: BackOff,
        now: DateTime<Utc>,
    ) -> ProviderEvent {
        let NoBalance { reason, retry_after } = failed;
        let trips = self.trips.saturating_add(1);
        let asked = retry_after.map_or(TimeDelta::zero(), |asked| back_off.policy.rest(asked));
        let until = now + back_off.pause(trips).max(asked);
        ProviderEvent::ProbeFailed { reason, until, trips }
    }

    /// Whoever has worked for a while begins anew.
    fn next_trips(&self, steady_after: TimeDelta, now: DateTime<Utc>) -> i32 {
        let steady = self.circuit == Circuit::Closed
            && self.resumed_at.is_none_or(|resumed| resumed + steady_after <= now);
        if steady { 1 } else { self.trips.saturating_add(1) }
    }

    pub(in crate::domain::provider) fn evolve(&mut self, event: &ProviderEvent) {
        match event {
            ProviderEvent::ProviderSuspended { cause, reason, since, until, trips } => {
                let (cause, reason) = (*cause, reason.clone());
                let suspension = Suspension { cause, reason, since: *since, until: *until };
                self.circuit = Circuit::Open(suspension);
                self.trips = *trips;
            }
            ProviderEvent::ProbeFailed { until, trips, .. } => {
                if let Circuit::Open(suspension) = &mut self.circuit {
                    suspension.until = Some(*until);
                }
                self.trips = *trips;
            }
            ProviderEvent::ProviderHalfOpened { .. } => {
                if let Circuit::Open(from) = std::mem::take(&mut self.circuit) {
                    self.circuit = Circuit::HalfOpen { from, trial: None };
                }
            }
            ProviderEvent::TrialStarted { order_id, attempt_id } => {
                let (order_id, attempt_id) = (*order_id, *attempt_id);
                self.set_trial(Some(Trial { order_id, attempt_id }));
            }
            ProviderEvent::TrialReleased { .. } => self.set_trial(None),
            ProviderEvent::ProviderResumed { at, .. } => {
                self.circuit = Circuit::Closed;
                self.resumed_at = Some(*at);
            }
            _ => {}
        }
    }

    fn set_trial(&mut self, order: Option<Trial>) {
        if let Circuit::HalfOpen { trial, .. } = &mut self.circuit {
            *trial = order;
        }
    }
}
