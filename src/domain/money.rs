//! Amounts. Always decimals, stored and sent as strings; never a float.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What a provider's `balance` call says of our account there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Amount in the provider's currency.
    pub amount: Decimal,
    /// ISO 4217 code as the provider writes it, where it does.
    pub currency: Option<String>,
}

/// Returns what `units` cost at a price per 1000, exactly; beyond what a decimal holds, about 10^25, it is cut off there,
/// because a provider may ask any price.
pub fn charge_for(price_per_1000: Decimal, units: i64) -> Decimal {
    (price_per_1000.saturating_mul(Decimal::from(units)) / Decimal::ONE_THOUSAND).normalize()
}
