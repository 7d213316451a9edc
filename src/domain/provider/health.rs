//! What balance calls say of a provider: how much is left, and whether it is there at all.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    BalanceReading, BalanceWatch, Provider, ProviderEvent, Silence, state::BALANCE_IS_FRESH,
};
use crate::domain::Balance;

/// How many balance calls on end fail until a provider counts as down.
pub const DOWN_AFTER: u32 = 3;

/// Which alarms last: none is raised again before it has ended. They end with the provider's being active, too, because
/// nobody looks at it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alarms {
    /// Our balance there is low.
    pub low_balance: bool,
    /// It does not answer balance calls.
    pub down: bool,
    /// The balance calls that it has left unanswered since it was set aside.
    pub unanswered: Option<Unanswered>,
}

/// Balance calls that failed on end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    calls: i64,
    since: DateTime<Utc>,
}

impl Provider {
    /// Returns what a reading changes: the balance, where it is news, and the alarms that begin or end with it.
    pub(super) fn balance_read(
        &self,
        read: Balance,
        response_ms: i64,
        read_at: DateTime<Utc>,
        watch: BalanceWatch,
    ) -> Vec<ProviderEvent> {
        let runway_hours = self.runway_hours_with(&read, read_at);
        let alarms = self.alarms_with(&read, runway_hours, watch);
        let is_news = self.is_news(&read, read_at);
        let Balance { amount: balance, currency } = read;
        let read =
            ProviderEvent::BalanceRead { balance, currency, runway_hours, response_ms, read_at };
        is_news.then_some(read).into_iter().chain(alarms).collect()
    }

    /// Returns a connection test that was passed, and the alarms that begin or end with it.
    pub(super) fn test_succeeded(
        &self,
        read: Balance,
        response_ms: i64,
        tested_at: DateTime<Utc>,
        watch: BalanceWatch,
    ) -> Vec<ProviderEvent> {
        let runway_hours = self.runway_hours_with(&read, tested_at);
        let alarms = self.alarms_with(&read, runway_hours, watch);
        let Balance { amount: balance, currency } = read;
        let passed = ProviderEvent::ConnectionTestSucceeded {
            balance,
            currency,
            runway_hours,
            response_ms,
            tested_at,
        };
        std::iter::once(passed).chain(alarms).collect()
    }

    /// Returns a connection test that was failed, and the alarm, where the provider has left enough calls unanswered since
    /// it was set aside.
    pub(super) fn test_failed(
        &self,
        reason: String,
        response_ms: i64,
        tested_at: DateTime<Utc>,
    ) -> Vec<ProviderEvent> {
        let failed =
            ProviderEvent::ConnectionTestFailed { reason: reason.clone(), response_ms, tested_at };
        let mut events = vec![failed];
        if let Some(Unanswered { calls: failed_calls, since }) = self.unanswered_with(tested_at)
            && failed_calls >= i64::from(DOWN_AFTER)
        {
            events.extend(self.silent(Silence { failed_calls, since, reason }));
        }
        events
    }

    /// Returns what it has left unanswered with one call more. Whoever looks at a provider that works keeps count himself.
    pub(super) fn unanswered_with(&self, failed_at: DateTime<Utc>) -> Option<Unanswered> {
        if !self.is_active() || !self.breaker.is_probed() {
            return None;
        }
        let before = self.alarms.unanswered.unwrap_or(Unanswered { calls: 0, since: failed_at });
        Some(Unanswered { calls: before.calls.saturating_add(1), ..before })
    }

    fn runway_hours_with(&self, read: &Balance, read_at: DateTime<Utc>) -> Option<i64> {
        let mut after = self.clone();
        after.take_balance(read.amount, read.currency.clone(), read_at);
        after.spending.runway_hours(read.amount, read_at)
    }

    fn alarms_with(
        &self,
        read: &Balance,
        runway_hours: Option<i64>,
        watch: BalanceWatch,
    ) -> Vec<ProviderEvent> {
        if !self.is_active() {
            return vec![];
        }
        let (balance, currency) = (read.amount, read.currency.clone());
        let mut events = vec![];
        if self.alarms.down {
            events.push(ProviderEvent::ProviderDownEnded {});
        }
        if !self.alarms.low_balance && watch.is_low(balance, runway_hours) {
            events.push(ProviderEvent::LowBalanceNoticed { balance, currency, runway_hours });
        } else if self.alarms.low_balance && watch.is_restored(balance, runway_hours) {
            events.push(ProviderEvent::LowBalanceEnded { balance, currency, runway_hours });
        }
        events
    }

    /// Returns the alarm, unless it lasts already.
    pub(super) fn silent(&self, silence: Silence) -> Vec<ProviderEvent> {
        if self.alarms.down || !self.is_active() {
            return vec![];
        }
        let Silence { failed_calls, since, reason } = silence;
        vec![ProviderEvent::ProviderDownNoticed { failed_calls, since, reason }]
    }

    /// Takes a reading in, and what was spent since the one before. Another currency is another account.
    pub(super) fn take_balance(
        &mut self,
        balance: Decimal,
        currency: Option<String>,
        read_at: DateTime<Utc>,
    ) {
        let before = self.balance.take();
        if before.as_ref().is_some_and(|before| before.currency != currency) {
            self.spending.reset();
        }
        let same = before.filter(|before| before.currency == currency);
        self.spending.read(same.map(|before| before.balance), balance, read_at);
        self.balance = Some(BalanceReading { balance, currency, read_at });
        self.alarms.unanswered = None;
    }

    fn is_news(&self, read: &Balance, read_at: DateTime<Utc>) -> bool {
        self.balance.as_ref().is_none_or(|known| {
            let as_known = known.balance == read.amount && known.currency == read.currency;
            !as_known || read_at - known.read_at >= BALANCE_IS_FRESH / 2
        })
    }
}

#[cfg(test)]
mod tests;
