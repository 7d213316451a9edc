use chrono::{DateTime, Utc};

/// Why a command on an order was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such order.
    #[error("there is no such order")]
    NotFound,
    /// It was placed before.
    #[error("the order was already placed")]
    AlreadyPlaced,
    /// An attempt is under way, or a provider holds the order, or nobody will.
    #[error("the order is not free: {0}")]
    NotFree(&'static str),
    /// The order has no such attempt.
    #[error("the order has no such attempt")]
    NoSuchAttempt,
    /// Only doubt can be settled.
    #[error("the attempt is not in doubt")]
    NotInDoubt,
    /// The provider could still take the attempt.
    #[error("the provider may still take the attempt: settle it as not placed after {0}")]
    TooEarly(DateTime<Utc>),
    /// Without its id an order cannot be followed.
    #[error("give the id under which the provider holds the order")]
    ApiOrderIdMissing,
    /// Only a provider that holds the order can be asked about it.
    #[error("no provider holds the order: {0}")]
    NotHeld(&'static str),
    /// The order has no such refill.
    #[error("the order has no such refill")]
    NoSuchRefill,
}
