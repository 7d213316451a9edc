use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{AttemptId, Incarnation, ProviderId, ServiceId, refusal::RefusalClass};

/// One try of an order at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the order's first.
    pub number: i32,
    /// Its id over all orders.
    pub attempt_id: AttemptId,
    /// Who was asked.
    pub provider_id: ProviderId,
    /// Which service is bought.
    pub service_id: ServiceId,
    /// What the provider calls that service.
    pub provider_service_id: String,
    /// Which tenure sends it.
    pub incarnation: Incarnation,
    /// When evidence may say at the earliest that it was never taken.
    pub settle_after: DateTime<Utc>,
    /// What became of it.
    pub state: AttemptState,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptState {
    /// No answer yet.
    Started,
    /// The provider holds the order under this id.
    Placed(String),
    /// The provider certainly did not take it.
    Refused(RefusalClass),
    /// It may have.
    InDoubt,
    /// Nothing was sent.
    NotSent,
    /// It was in doubt, and evidence said that the provider never took it.
    NotPlaced,
    /// It was in doubt for longer than its service's policy waits, and still is.
    GivenUp,
}

impl Attempt {
    /// Tells whether the provider said that another order on the same link has to end first.
    pub fn waits_for_its_link(&self) -> bool {
        self.state == AttemptState::Refused(RefusalClass::LinkBusy)
    }

    /// Tells whether the order must not go to the same service again: it was asked for there and not taken.
    pub fn exhausts_its_candidate(&self) -> bool {
        match self.state {
            AttemptState::Refused(_) => !self.waits_for_its_link(),
            AttemptState::NotSent => false,
            AttemptState::Started
            | AttemptState::Placed(_)
            | AttemptState::InDoubt
            | AttemptState::NotPlaced
            | AttemptState::GivenUp => true,
        }
    }
}
