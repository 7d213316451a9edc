use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How a provider's rate turns into what customers pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Pricing {
    /// The rate itself.
    #[default]
    Rate,
    /// The rate and a share of it, in percent.
    Markup(Decimal),
    /// A price of its own, whatever the rate.
    Fixed(Decimal),
}

impl Pricing {
    /// Returns the price per 1000 at a rate per 1000, cut off where a decimal ends.
    pub fn price(&self, rate: Decimal) -> Decimal {
        match self {
            Self::Rate => rate,
            Self::Markup(percent) => {
                let marked_up = rate.saturating_mul(Decimal::ONE_HUNDRED + percent);
                (marked_up / Decimal::ONE_HUNDRED).normalize()
            }
            Self::Fixed(price) => *price,
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn markup_follows_the_rate_and_a_fixed_price_does_not() {
        assert_eq!(Pricing::Rate.price(dec!(0.9)), dec!(0.9));
        assert_eq!(Pricing::Markup(dec!(25)).price(dec!(0.8)), dec!(1));
        assert_eq!(Pricing::Fixed(dec!(2)).price(dec!(0.8)), dec!(2));
    }

    #[test]
    fn rate_beyond_all_measure_is_marked_up_without_overflow() {
        assert!(Pricing::Markup(dec!(25)).price(Decimal::MAX) > dec!(1_000_000_000));
    }
}
