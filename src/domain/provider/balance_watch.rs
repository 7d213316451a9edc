use rust_decimal::Decimal;

/// When our balance at a provider is low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceWatch {
    /// When it lasts for fewer hours than this at the present pace; 0 is never.
    pub hours: u32,
    /// When it is below this amount, in the provider's own currency, whatever the pace.
    pub amount: Option<Decimal>,
}

/// What a balance that was low must exceed its threshold by, as a fraction: else every order would end the state and the
/// next begin it anew.
const CLEAR_BY: (i64, i64) = (5, 4);

impl BalanceWatch {
    /// Hours that a balance lasts for at the least, where nobody says otherwise.
    pub const DEFAULT_HOURS: u32 = 24;

    /// Tells whether a balance that lasts for so many hours is low.
    pub(super) fn is_low(&self, balance: Decimal, runway_hours: Option<i64>) -> bool {
        let too_short = runway_hours.is_some_and(|hours| hours < i64::from(self.hours));
        too_short || self.amount.is_some_and(|amount| balance < amount)
    }

    /// Tells whether a balance that was low is not any more: by a quarter above what is low.
    pub(super) fn is_restored(&self, balance: Decimal, runway_hours: Option<i64>) -> bool {
        let (times, of) = CLEAR_BY;
        let long_enough = runway_hours.is_none_or(|hours| {
            hours.saturating_mul(of) >= i64::from(self.hours).saturating_mul(times)
        });
        let (times, of) = (Decimal::from(times), Decimal::from(of));
        let enough = self
            .amount
            .is_none_or(|amount| balance.saturating_mul(of) >= amount.saturating_mul(times));
        long_enough && enough
    }
}

impl Default for BalanceWatch {
    fn default() -> Self {
        Self { hours: Self::DEFAULT_HOURS, amount: None }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;
    use test_case::test_case;

    use super::*;

    const WATCH: BalanceWatch = BalanceWatch { hours: 24, amount: Some(dec!(10)) };

    #[test_case(dec!(100), Some(24) => false; "exactly the hours suffice")]
    #[test_case(dec!(100), Some(23) => true; "an hour less does not")]
    #[test_case(dec!(10), None => false; "exactly the amount suffices")]
    #[test_case(dec!(9.99), None => true; "a cent less does not, whatever the pace")]
    fn balance_is_low_below_either_threshold(balance: Decimal, hours: Option<i64>) -> bool {
        WATCH.is_low(balance, hours)
    }

    #[test_case(dec!(100), Some(29) => false; "a little above the hours is not enough")]
    #[test_case(dec!(100), Some(30) => true; "a quarter above is")]
    #[test_case(dec!(12.49), None => false; "a little above the amount is not enough")]
    #[test_case(dec!(12.5), None => true; "a quarter above the amount is")]
    fn low_balance_is_restored_a_quarter_above_both(balance: Decimal, hours: Option<i64>) -> bool {
        WATCH.is_restored(balance, hours)
    }

    #[test]
    fn watch_that_is_off_finds_nothing_low() {
        let off = BalanceWatch { hours: 0, amount: None };
        assert!(!off.is_low(dec!(0), Some(0)) && off.is_restored(dec!(0), Some(0)));
    }
}
