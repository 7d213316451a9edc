use super::{CommandError, Commands, Done};
use crate::domain::{
    OrderId, ServiceId,
    order::{OrderRequest, SettledAs},
};

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

impl Commands {
    /// Takes an order; it is durable when this returns, and routed after that.
    pub async fn place_order(&self, _: PlaceOrder) -> Result<Done<OrderId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Settles an attempt in doubt.
    pub async fn settle_attempt(&self, _: SettleAttempt) -> Result<Done<OrderId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
}
