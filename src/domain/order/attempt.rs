use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    AttemptId, Incarnation, ProviderId, ServiceId,
    refusal::{Ledger, RefusalClass},
};

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
    /// Whether it is to try if its provider works again.
    pub is_trial: bool,
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
}

impl Attempt {
    /// Tells whether the provider said that another order on the same link has to end first.
    pub fn waits_for_its_link(&self) -> bool {
        self.state == AttemptState::Refused(RefusalClass::LinkBusy)
    }

    /// Tells whether this refusal is the last word on the order. It is not where the link is busy, and where the order was
    /// to try a provider that turned out not to work yet.
    pub fn is_exhausting(&self, class: RefusalClass) -> bool {
        let in_vain = self.is_trial && class.ledger() != Ledger::Request;
        class != RefusalClass::LinkBusy && !in_vain
    }

    /// Tells whether the order must not go to the same service again: it was asked for there and not taken.
    pub fn exhausts_its_candidate(&self) -> bool {
        match self.state {
            AttemptState::Refused(class) => self.is_exhausting(class),
            AttemptState::NotSent => false,
            AttemptState::Started
            | AttemptState::Placed(_)
            | AttemptState::InDoubt
            | AttemptState::NotPlaced => true,
        }
    }
}
