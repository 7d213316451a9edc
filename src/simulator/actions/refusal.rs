//! The error texts of panels, word for word.

/// Why a panel does not do what it is asked; shown as `{"error":"…"}` under HTTP 200.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(in crate::simulator) enum Refusal {
    #[error("Invalid API key")]
    KeyInvalid,
    #[error("Incorrect request")]
    RequestIncorrect,
    #[error("Incorrect service ID")]
    ServiceUnknown,
    #[error("Bad link")]
    LinkBad,
    #[error("Incorrect quantity")]
    QuantityIncorrect,
    #[error("Quantity less than minimal {0}")]
    QuantityTooSmall(u64),
    #[error("Quantity more than maximum {0}")]
    QuantityTooLarge(u64),
    #[error("Not enough funds on balance")]
    FundsMissing,
    #[error("You have active order with this link. Please wait until order being completed.")]
    LinkBusy,
    #[error("Incorrect order ID")]
    OrderUnknown,
    #[error("Order cannot be canceled")]
    CancelImpossible,
    #[error("Order cannot be refilled")]
    RefillImpossible,
    #[error("Refill not found")]
    RefillUnknown,
}
