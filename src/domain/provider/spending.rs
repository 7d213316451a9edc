//! How fast our account at a provider is spent, and when it will be empty at that pace.
//!
//! # Correctness
//! A reading below the one before is spending; one above it is a top-up or a refund, and counts as nothing. So what was
//! topped up between two readings hides what was spent between them: the runway is then too long, for a day at most.
//! Decimals and whole numbers only, so that the same readings give the same runway on every machine.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

/// Hours that the pace is measured over, the present one included.
pub const SPENDING_HOURS: i64 = 24;
/// What lasts longer does not run out in sight: ten years.
const MAX_RUNWAY_HOURS: i64 = 87_600;

const HOUR_SECONDS: i64 = 3_600;
const HOUR_MINUTES: i64 = 60;

/// What was spent in each of the last hours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spending {
    first_reading: Option<DateTime<Utc>>,
    /// By the hour since 1970; hours without spending are absent.
    hours: BTreeMap<i64, Decimal>,
}

impl Spending {
    /// Takes in that a balance went from one amount to another; the first reading comes from nothing.
    pub fn read(&mut self, before: Option<Decimal>, now: Decimal, at: DateTime<Utc>) {
        self.first_reading.get_or_insert(at);
        let spent = before.map_or(Decimal::ZERO, |before| before.saturating_sub(now));
        if spent > Decimal::ZERO {
            let sum = self.hours.entry(hour_of(at)).or_default();
            *sum = sum.saturating_add(spent);
        }
        self.hours = self.hours.split_off(&first_hour(at));
    }

    /// Forgets all of it: the account is another one now.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Returns the whole hours until a balance is empty at the pace of the last day. `None` where nothing was spent, and
    /// where it lasts for over ten years.
    pub fn runway_hours(&self, balance: Decimal, now: DateTime<Utc>) -> Option<i64> {
        let spent: Decimal = self.hours.range(first_hour(now)..).map(|(_, spent)| *spent).sum();
        if spent <= Decimal::ZERO {
            return None;
        }
        if balance <= Decimal::ZERO {
            return Some(0);
        }
        let minutes = Decimal::from(self.measured_minutes(now));
        let per_hour = spent.checked_mul(Decimal::from(HOUR_MINUTES))?;
        let hours = balance.checked_mul(minutes)?.checked_div(per_hour)?;
        hours.floor().to_i64().filter(|hours| *hours <= MAX_RUNWAY_HOURS)
    }

    /// Minutes that the sums stand for, an hour at the least: what is not older than that is not a pace yet.
    fn measured_minutes(&self, now: DateTime<Utc>) -> i64 {
        let since = first_hour(now) * HOUR_SECONDS;
        let since = self.first_reading.map_or(since, |first| since.max(first.timestamp()));
        ((now.timestamp() - since) / 60).max(HOUR_MINUTES)
    }
}

fn hour_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(HOUR_SECONDS)
}

fn first_hour(now: DateTime<Utc>) -> i64 {
    hour_of(now) - (SPENDING_HOURS - 1)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_793_016_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    /// Readings so many minutes apart.
    fn spending(apart: i64, readings: &[Decimal]) -> Spending {
        let mut spending = Spending::default();
        let mut before = None;
        for (amount, number) in readings.iter().zip(0..) {
            spending.read(before, *amount, at(number * apart));
            before = Some(*amount);
        }
        spending
    }

    #[test]
    fn runway_is_the_balance_by_the_pace_of_the_last_day() {
        let spending = spending(60, &[dec!(100), dec!(99), dec!(98), dec!(97)]);
        assert_eq!(spending.runway_hours(dec!(97), at(180)), Some(97));
        assert_eq!(spending.runway_hours(dec!(0.5), at(180)), Some(0));
        assert_eq!(spending.runway_hours(dec!(97), at(360)), Some(194));
    }

    #[test]
    fn nothing_spent_is_no_runway() {
        let spending = spending(5, &[dec!(100), dec!(100), dec!(120)]);
        assert_eq!(spending.runway_hours(dec!(120), at(10)), None);
        assert_eq!(Spending::default().runway_hours(dec!(1), at(0)), None);
    }

    #[test]
    fn empty_account_has_no_hour_left() {
        let spending = spending(60, &[dec!(3), dec!(0)]);
        assert_eq!(spending.runway_hours(dec!(0), at(60)), Some(0));
        assert_eq!(spending.runway_hours(dec!(-2), at(60)), Some(0));
    }

    #[test]
    fn top_up_is_not_spending() {
        let spending = spending(60, &[dec!(10), dec!(8), dec!(50), dec!(48)]);
        assert_eq!(spending.runway_hours(dec!(48), at(180)), Some(36));
    }

    #[test]
    fn first_minutes_count_as_an_hour() {
        let spending = spending(5, &[dec!(10), dec!(9)]);
        assert_eq!(spending.runway_hours(dec!(9), at(5)), Some(9));
    }

    #[test]
    fn what_is_older_than_a_day_is_forgotten() {
        let spending = spending(60, &[dec!(100), dec!(50)]);
        assert!(spending.runway_hours(dec!(50), at(23 * 60)).is_some());
        assert_eq!(spending.runway_hours(dec!(50), at(26 * 60)), None);
    }

    #[test]
    fn what_lasts_for_ten_years_does_not_run_out_in_sight() {
        let spending = spending(60, &[dec!(1000000), dec!(999999.99)]);
        assert_eq!(spending.runway_hours(dec!(999999.99), at(60)), None);
        assert_eq!(spending.runway_hours(Decimal::MAX, at(60)), None);
    }

    proptest! {
        #[test]
        fn more_money_never_lasts_shorter(
            cents in prop::collection::vec(0i64..1_000_000, 2..40), less in 0i64..1_000_000, more in 0i64..1_000_000,
        ) {
            let readings: Vec<Decimal> = cents.into_iter().map(|cents| Decimal::new(cents, 2)).collect();
            let spending = spending(7, &readings);
            let now = at(7 * readings.len() as i64);
            let never = i64::MAX;
            let hours = |cents| spending.runway_hours(Decimal::new(cents, 2), now).unwrap_or(never);
            prop_assert!(hours(less) <= hours(less + more));
        }
    }
}
