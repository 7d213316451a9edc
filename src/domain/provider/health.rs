//! What balance calls say of a provider: how much is left, and whether it is there at all.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    BalanceReading, BalanceWatch, Provider, ProviderEvent, Silence, state::BALANCE_IS_FRESH,
};
use crate::domain::Balance;

/// Which alarms last: none is raised again before it has ended. They end with the provider's being active, too, because
/// nobody looks at it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alarms {
    /// Our balance there is low.
    pub low_balance: bool,
    /// It does not answer balance calls.
    pub down: bool,
}

impl Provider {
    /// Returns what a reading changes: the balance, where it is news, and the alarms that begin or end with it.
    pub(super) fn balance_read(
        &self,
        read: Balance,
        read_at: DateTime<Utc>,
        watch: BalanceWatch,
    ) -> Vec<ProviderEvent> {
        let Balance { amount: balance, currency } = read;
        let mut after = self.clone();
        after.take_balance(balance, currency.clone(), read_at);
        let runway_hours = after.spending.runway_hours(balance, read_at);
        let mut events = vec![];
        if self.is_news(balance, currency.as_deref(), read_at) {
            let currency = currency.clone();
            events.push(ProviderEvent::BalanceRead { balance, currency, runway_hours, read_at });
        }
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
        if self.alarms.down {
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
    }

    fn is_news(&self, balance: Decimal, currency: Option<&str>, read_at: DateTime<Utc>) -> bool {
        self.balance.as_ref().is_none_or(|known| {
            let as_known = known.balance == balance && known.currency.as_deref() == currency;
            !as_known || read_at - known.read_at >= BALANCE_IS_FRESH / 2
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use rust_decimal::dec;

    use super::*;
    use crate::domain::{
        CredentialId,
        provider::{ProviderCommand, ProviderError},
    };

    const WATCH: BalanceWatch = BalanceWatch { hours: 24, amount: Some(dec!(10)) };

    fn given(events: impl IntoIterator<Item = ProviderEvent>) -> AggregateTestExecutor<Provider> {
        let added = ProviderEvent::ProviderAdded {
            name: "Peak".to_owned(),
            api_url: "https://peak.example/api/v2".to_owned(),
            priority: 1,
            credential_id: CredentialId::default(),
            key_hint: None,
        };
        TestFramework::with(()).given([added].into_iter().chain(events).collect())
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_793_016_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn usd() -> Option<String> {
        Some("USD".to_owned())
    }

    fn record(amount: Decimal, minutes: i64) -> ProviderCommand {
        let balance = Balance { amount, currency: usd() };
        ProviderCommand::RecordBalance { balance, read_at: at(minutes), watch: WATCH }
    }

    fn read(balance: Decimal, runway_hours: Option<i64>, minutes: i64) -> ProviderEvent {
        ProviderEvent::BalanceRead { balance, currency: usd(), runway_hours, read_at: at(minutes) }
    }

    fn low(balance: Decimal, runway_hours: Option<i64>) -> ProviderEvent {
        ProviderEvent::LowBalanceNoticed { balance, currency: usd(), runway_hours }
    }

    fn restored(balance: Decimal, runway_hours: Option<i64>) -> ProviderEvent {
        ProviderEvent::LowBalanceEnded { balance, currency: usd(), runway_hours }
    }

    fn silence() -> Silence {
        Silence { failed_calls: 3, since: at(0), reason: "connection refused".to_owned() }
    }

    fn down() -> ProviderEvent {
        let Silence { failed_calls, since, reason } = silence();
        ProviderEvent::ProviderDownNoticed { failed_calls, since, reason }
    }

    #[test]
    fn changed_balance_is_recorded_with_its_runway() {
        given([]).when(record(dec!(1000), 0)).then_expect_events(vec![read(dec!(1000), None, 0)]);
        given([read(dec!(1000), None, 0)])
            .when(record(dec!(990), 60))
            .then_expect_events(vec![read(dec!(990), Some(99), 60)]);
    }

    #[test]
    fn balance_that_stays_is_recorded_again_before_it_is_too_old_to_count_on() {
        given([read(dec!(1000), None, 0)]).when(record(dec!(1000), 29)).then_expect_events(vec![]);
        given([read(dec!(1000), None, 0)])
            .when(record(dec!(1000.00), 30))
            .then_expect_events(vec![read(dec!(1000), None, 30)]);
    }

    #[test]
    fn low_balance_is_noticed_once_and_ends_a_quarter_above() {
        let fallen = [read(dec!(20), None, 0), read(dec!(9), None, 5), low(dec!(9), None)];
        given(fallen[..1].to_vec())
            .when(record(dec!(9), 5))
            .then_expect_events(vec![read(dec!(9), Some(0), 5), low(dec!(9), Some(0))]);
        given(fallen.clone()).when(record(dec!(8), 10)).then_expect_events(vec![read(
            dec!(8),
            Some(0),
            10,
        )]);
        given(fallen.clone()).when(record(dec!(12), 10)).then_expect_events(vec![read(
            dec!(12),
            Some(1),
            10,
        )]);
        given(fallen)
            .when(record(dec!(500), 10))
            .then_expect_events(vec![read(dec!(500), Some(45), 10), restored(dec!(500), Some(45))]);
    }

    #[test]
    fn low_balance_that_stays_raises_no_second_alarm() {
        given([read(dec!(9), None, 0), low(dec!(9), None)])
            .when(record(dec!(9), 5))
            .then_expect_events(vec![]);
    }

    #[test]
    fn provider_that_is_switched_off_and_on_again_is_looked_at_anew() {
        let history = [
            read(dec!(9), None, 0),
            low(dec!(9), None),
            ProviderEvent::ProviderDeactivated {},
            ProviderEvent::ProviderActivated {},
        ];
        given(history).when(record(dec!(9), 5)).then_expect_events(vec![low(dec!(9), None)]);
    }

    #[test]
    fn silent_provider_is_noticed_once_and_its_next_answer_ends_it() {
        let silent = ProviderCommand::RecordSilence;
        given([]).when(silent(silence())).then_expect_events(vec![down()]);
        given([down()]).when(silent(silence())).then_expect_events(vec![]);
        given([read(dec!(50), None, 0), down()])
            .when(record(dec!(50), 5))
            .then_expect_events(vec![ProviderEvent::ProviderDownEnded {}]);
        given([ProviderEvent::ProviderDeleted {}])
            .when(silent(silence()))
            .then_expect_error(ProviderError::NotFound);
    }

    #[test]
    fn another_currency_is_another_account() {
        let euros = Balance { amount: dec!(50), currency: Some("EUR".to_owned()) };
        let command =
            ProviderCommand::RecordBalance { balance: euros, read_at: at(60), watch: WATCH };
        given([read(dec!(1000), None, 0)]).when(command).then_expect_events(vec![
            ProviderEvent::BalanceRead {
                balance: dec!(50),
                currency: Some("EUR".to_owned()),
                runway_hours: None,
                read_at: at(60),
            },
        ]);
    }
}
