//! A service that its provider refuses, though it is in its list: set aside by itself, and not its provider.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ServiceEvent;
use crate::domain::ProviderId;

/// How long a list is not believed after the second refusal; twice as long after each further one.
const FIRST_DISBELIEF: TimeDelta = TimeDelta::hours(1);
/// The longest.
const LONGEST_DISBELIEF: TimeDelta = TimeDelta::hours(24);
/// Who is refused again within this time was not back.
const STEADY_AFTER: TimeDelta = TimeDelta::hours(24);

/// What put a service back to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceResumedBy {
    /// The provider's list, asked for after the refusal, has it.
    Sync,
    /// An operator said so.
    Operator,
}

/// Whether a service is set aside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceStanding {
    /// From when on a list that has the service is believed; `None` where it is not set aside.
    suspended_until: Option<DateTime<Utc>>,
    /// How often it was refused since it was last steady.
    trips: i32,
    resumed_at: Option<DateTime<Utc>>,
}

impl ServiceStanding {
    /// Tells whether no orders go to it.
    pub fn is_suspended(&self) -> bool {
        self.suspended_until.is_some()
    }

    pub(super) fn refused(
        &self,
        provider_id: ProviderId,
        reason: String,
        now: DateTime<Utc>,
    ) -> Vec<ServiceEvent> {
        if self.is_suspended() {
            return vec![];
        }
        let steady = self.resumed_at.is_none_or(|resumed| resumed + STEADY_AFTER <= now);
        let trips = if steady { 1 } else { self.trips.saturating_add(1) };
        let until = now + disbelief(trips);
        vec![ServiceEvent::ServiceSuspended { provider_id, reason, since: now, until, trips }]
    }

    /// Takes in that a list has it which was asked for at this time.
    pub(super) fn listed(&self, at: DateTime<Utc>) -> Vec<ServiceEvent> {
        match self.suspended_until {
            Some(until) if until <= at => {
                vec![ServiceEvent::ServiceResumed { by: ServiceResumedBy::Sync, at }]
            }
            _ => vec![],
        }
    }

    pub(super) fn resume(&self, now: DateTime<Utc>) -> Vec<ServiceEvent> {
        match self.suspended_until {
            Some(_) => {
                vec![ServiceEvent::ServiceResumed { by: ServiceResumedBy::Operator, at: now }]
            }
            None => vec![],
        }
    }

    pub(super) fn evolve(&mut self, event: &ServiceEvent) {
        match event {
            ServiceEvent::ServiceSuspended { until, trips, .. } => {
                self.suspended_until = Some(*until);
                self.trips = *trips;
            }
            ServiceEvent::ServiceResumed { at, .. } => {
                self.suspended_until = None;
                self.resumed_at = Some(*at);
            }
            _ => {}
        }
    }
}

/// The list that the first refusal asks for is believed.
fn disbelief(trips: i32) -> TimeDelta {
    match trips {
        ..=1 => TimeDelta::zero(),
        trips => (FIRST_DISBELIEF * (1 << (trips - 2).min(10))).min(LONGEST_DISBELIEF),
    }
}
