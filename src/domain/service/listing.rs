use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ServiceKind;

/// One row of a provider's catalogue, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceListing {
    /// The provider's own id, an opaque string.
    pub provider_service_id: String,
    /// As the provider writes it.
    pub name: String,
    /// As the provider writes it.
    pub category: String,
    /// Which fields an order has, as the provider writes it.
    pub kind: ServiceKind,
    /// Price per 1000 in the provider's currency; for packages, of the whole package.
    pub rate: Decimal,
    /// Least quantity of an order.
    pub min: i64,
    /// Largest quantity of an order.
    pub max: i64,
    /// Whether a refill may be asked for.
    pub refill: bool,
    /// Whether a cancel may be asked for; absent where the provider does not say.
    pub cancel: Option<bool>,
    /// Whether an order may be split into runs.
    pub dripfeed: bool,
}
