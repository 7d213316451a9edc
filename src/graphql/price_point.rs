use async_graphql::Object;

use super::scalars::{DateTime, Decimal};
use crate::read::PricePointRow;

#[derive(Debug, Clone)]
pub(super) struct PricePoint(pub(super) PricePointRow);

/// What a service costs from a moment on.
#[Object]
impl PricePoint {
    /// What the provider asks per 1000, in the provider's currency.
    async fn rate(&self) -> Decimal {
        Decimal(self.0.rate)
    }

    /// What customers pay per 1000.
    async fn price(&self) -> Decimal {
        Decimal(self.0.price)
    }

    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}
