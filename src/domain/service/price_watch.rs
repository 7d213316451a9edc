use rust_decimal::{Decimal, prelude::ToPrimitive};

/// How far a provider's rate may move at once without an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceWatch {
    /// In parts per million of the rate until then.
    beyond_ppm: u64,
}

impl PriceWatch {
    /// What is let pass where nobody says otherwise.
    pub const DEFAULT_PERCENT: u32 = 20;

    /// Lets moves of up to so many percent pass, upwards and downwards.
    pub fn percent(percent: u32) -> Self {
        Self { beyond_ppm: u64::from(percent) * 10_000 }
    }

    /// Returns a move in parts per million of the rate before; `None` from nothing, and beyond all measure.
    pub(super) fn move_ppm(before: Decimal, after: Decimal) -> Option<i64> {
        let million = Decimal::from(1_000_000);
        let share = after.checked_sub(before)?.checked_mul(million)?.checked_div(before)?;
        share.round().to_i64()
    }

    /// Tells whether a move is to be noticed. One that no share can be told of always is.
    pub(super) fn notices(self, move_ppm: Option<i64>) -> bool {
        move_ppm.is_none_or(|share| share.unsigned_abs() > self.beyond_ppm)
    }
}

impl Default for PriceWatch {
    fn default() -> Self {
        Self::percent(Self::DEFAULT_PERCENT)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;
    use test_case::test_case;

    use super::*;

    #[test_case(dec!(1), dec!(1.2) => false; "exactly the limit passes")]
    #[test_case(dec!(1), dec!(1.200002) => true; "a little more does not")]
    #[test_case(dec!(1), dec!(0.8) => false; "nor is the limit downwards noticed")]
    #[test_case(dec!(1), dec!(0.79) => true; "a fall beyond it is")]
    #[test_case(dec!(0), dec!(0.01) => true; "from nothing every price is a move")]
    #[test_case(dec!(0.000001), Decimal::MAX => true; "beyond all measure")]
    fn move_beyond_the_limit_is_noticed(before: Decimal, after: Decimal) -> bool {
        PriceWatch::percent(20).notices(PriceWatch::move_ppm(before, after))
    }
}
