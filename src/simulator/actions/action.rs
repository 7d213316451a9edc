//! The actions by name, and the way from a call to the file that answers it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Refusal, add, balance, cancel, orders, refill, services, status};
use crate::simulator::orders::Now;
use crate::simulator::params::Params;
use crate::simulator::replies::Body;
use crate::simulator::state::State;

/// An action of panel API v2.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Shows the catalogue.
    Services,
    /// Places an order.
    Add,
    /// Tells how far orders are.
    Status,
    /// Asks for a refill of completed orders.
    Refill,
    /// Tells how far refills are.
    RefillStatus,
    /// Asks for orders to be cancelled.
    Cancel,
    /// Tells the balance.
    Balance,
    /// Lists all own orders, at the few panels that can.
    Orders,
}

impl Action {
    pub(in crate::simulator) fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(Value::from(name)).ok()
    }

    pub(in crate::simulator) fn answer(
        self,
        state: &mut State,
        params: &Params,
        now: Now,
    ) -> Result<Body, Refusal> {
        match self {
            Self::Services => Ok(Body::Text(services::answer(state))),
            Self::Add => add::answer(state, params, now).map(Body::Json),
            Self::Status => status::answer(state, params, now).map(Body::Json),
            Self::Refill => refill::answer(state, params, now).map(Body::Json),
            Self::RefillStatus => refill::answer_status(state, params, now).map(Body::Json),
            Self::Cancel => cancel::answer(state, params, now).map(Body::Json),
            Self::Balance => Ok(Body::Json(balance::answer(state))),
            Self::Orders => orders::answer(state, now).map(Body::Json),
        }
    }
}
