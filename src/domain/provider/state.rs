use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    Alarms, Basis, Breaker, Description, Dialect, MAX_PRIORITY, Measures, ProviderCommand,
    ProviderError, ProviderEvent, ProviderLimits, ProviderTerms, Score, Spending, SyncInterval,
    command::{Activation, DeclaredUse, Dependents, ProviderChanges},
};
use crate::domain::{Aggregate, CredentialId};

/// How long a reading of the balance is taken for the balance. While it is monitored, a change is on record within one
/// interval, and an amount that stays the same is put on record again in half this time.
pub(super) const BALANCE_IS_FRESH: TimeDelta = TimeDelta::minutes(60);

/// Where a provider is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Lifecycle {
    /// Not added yet.
    #[default]
    Absent,
    /// Orders may go to it.
    Active,
    /// An operator switched it off.
    Inactive,
    /// Gone for good.
    Deleted,
}

/// What a balance call said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceReading {
    /// Amount in the provider's currency.
    pub balance: Decimal,
    /// That currency, as the provider writes it.
    pub currency: Option<String>,
    /// When it was read.
    pub read_at: DateTime<Utc>,
}

/// The state of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provider {
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Its name.
    pub name: String,
    /// Where its API is.
    pub api_url: String,
    /// 1 is tried first.
    pub priority: i32,
    /// Where its sealed key is.
    pub credential_id: CredentialId,
    /// The last successful reading.
    pub balance: Option<BalanceReading>,
    /// What was spent of it lately.
    pub spending: Spending,
    /// Which alarms about it last, and what may become one.
    pub alarms: Alarms,
    /// How good it has proved to be.
    pub score: Score,
    /// How often its catalogue is synced by itself.
    pub sync_interval: SyncInterval,
    /// What operators note about it.
    #[serde(default)]
    pub description: Description,
    /// How it wants to be called.
    #[serde(default)]
    pub dialect: Dialect,
    /// How hard and how patiently it is called.
    #[serde(default)]
    pub limits: ProviderLimits,
    /// Whether it is set aside.
    pub breaker: Breaker,
    /// Since when nobody but us orders with our account there, as an operator declared.
    pub exclusive_since: Option<DateTime<Utc>>,
}

impl Provider {
    /// Tells whether it was added and not deleted.
    pub fn exists(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Active | Lifecycle::Inactive)
    }

    /// Tells whether orders may go to it.
    pub fn is_active(&self) -> bool {
        self.lifecycle == Lifecycle::Active
    }

    /// Returns the balance where it was read within the last hour.
    pub fn fresh_balance(&self, now: DateTime<Utc>) -> Option<Decimal> {
        let reading = self.balance.as_ref()?;
        (now - reading.read_at <= BALANCE_IS_FRESH).then_some(reading.balance)
    }

    fn existing(&self) -> Result<(), ProviderError> {
        self.exists().then_some(()).ok_or(ProviderError::NotFound)
    }

    fn update(&self, changes: ProviderChanges) -> Result<Vec<ProviderEvent>, ProviderError> {
        let mut events = vec![];
        if let Some(name) = changes.name.filter(|name| name.as_str() != self.name) {
            events.push(ProviderEvent::ProviderRenamed { name: name.as_str().to_owned() });
        }
        if let Some(url) = changes.api_url.filter(|url| url.as_str() != self.api_url) {
            events.push(ProviderEvent::ProviderUrlChanged { api_url: url.as_str().to_owned() });
        }
        if let Some(priority) = changes.priority {
            let priority = valid_priority(priority)?;
            if priority != self.priority {
                events.push(ProviderEvent::ProviderPriorityChanged { priority });
            }
        }
        if let Some(key) = changes.key {
            events.push(ProviderEvent::ProviderKeyReplaced {
                credential_id: key.credential_id,
                key_hint: key.hint,
            });
        }
        if let Some(interval) = changes.sync_interval.filter(|new| *new != self.sync_interval) {
            events.push(ProviderEvent::ProviderSyncIntervalSet { sync_interval_minutes: interval });
        }
        events.extend(self.on_terms(changes.terms)?);
        events.extend(changes.account_use.and_then(|declared| self.declare(declared)));
        Ok(events)
    }

    fn declare(&self, account_use: DeclaredUse) -> Option<ProviderEvent> {
        match (account_use, self.exclusive_since) {
            (DeclaredUse::Exclusive { declared_at }, None) => {
                Some(ProviderEvent::ProviderDeclaredExclusive { declared_at })
            }
            (DeclaredUse::Shared, Some(_)) => Some(ProviderEvent::ProviderDeclaredShared {}),
            _ => None,
        }
    }

    fn on_terms(&self, terms: ProviderTerms) -> Result<Vec<ProviderEvent>, ProviderError> {
        let described = terms.description.filter(|new| *new != self.description);
        let dialect = terms.dialect.filter(|new| *new != self.dialect);
        let limits = Some(self.limits.changed(terms.limits)?).filter(|new| *new != self.limits);
        let events = [
            described.map(|description| ProviderEvent::ProviderDescribed { description }),
            dialect.map(|dialect| ProviderEvent::ProviderDialectChanged { dialect }),
            limits.map(|limits| ProviderEvent::ProviderLimitsChanged { limits }),
        ];
        Ok(events.into_iter().flatten().collect())
    }

    fn ranked(&self, measures: Measures, basis: Basis) -> Vec<ProviderEvent> {
        let score = Score::of(&measures);
        let (basis, as_of) = (basis.position, Some(basis.as_of));
        match score.differs_from(&self.score) {
            true => vec![ProviderEvent::RankingChanged { score, measures, basis, as_of }],
            false => vec![],
        }
    }

    fn set_active(&self, activation: Activation) -> Vec<ProviderEvent> {
        match (activation, self.lifecycle) {
            (Activation::Active, Lifecycle::Inactive) => vec![ProviderEvent::ProviderActivated {}],
            (Activation::Inactive, Lifecycle::Active) => {
                vec![ProviderEvent::ProviderDeactivated {}]
            }
            _ => vec![],
        }
    }
}

fn valid_priority(priority: i32) -> Result<i32, ProviderError> {
    if (1..=MAX_PRIORITY).contains(&priority) {
        Ok(priority)
    } else {
        Err(ProviderError::Priority(priority))
    }
}

fn unused(dependents: Dependents) -> Result<(), ProviderError> {
    if dependents.services > 0 {
        return Err(ProviderError::HasServices { services: dependents.services });
    }
    if dependents.open_orders > 0 {
        return Err(ProviderError::HasOpenOrders { orders: dependents.open_orders });
    }
    Ok(())
}

impl Aggregate for Provider {
    const TYPE: &'static str = "provider";
    type Command = ProviderCommand;
    type Event = ProviderEvent;
    type Error = ProviderError;

    fn decide(&self, command: ProviderCommand) -> Result<Vec<ProviderEvent>, ProviderError> {
        if let ProviderCommand::Add { name, api_url, priority, key } = command {
            if self.lifecycle != Lifecycle::Absent {
                return Err(ProviderError::AlreadyAdded);
            }
            return Ok(vec![ProviderEvent::ProviderAdded {
                name: name.as_str().to_owned(),
                api_url: api_url.as_str().to_owned(),
                priority: valid_priority(priority)?,
                credential_id: key.credential_id,
                key_hint: key.hint,
            }]);
        }
        self.existing()?;
        match command {
            ProviderCommand::Add { .. } => Err(ProviderError::AlreadyAdded),
            ProviderCommand::Update(changes) => self.update(changes),
            ProviderCommand::Toggle if self.is_active() => {
                Ok(self.set_active(Activation::Inactive))
            }
            ProviderCommand::Toggle => Ok(self.set_active(Activation::Active)),
            ProviderCommand::SetActive(activation) => Ok(self.set_active(activation)),
            ProviderCommand::Delete(dependents) => {
                unused(dependents)?;
                Ok(vec![ProviderEvent::ProviderDeleted {}])
            }
            ProviderCommand::RecordConnectionTest { outcome, response_ms, tested_at, watch } => {
                Ok(match outcome {
                    Ok(read) => self.test_succeeded(read, response_ms, tested_at, watch),
                    Err(reason) => self.test_failed(reason, response_ms, tested_at),
                })
            }
            ProviderCommand::RecordBalance { balance, response_ms, read_at, watch } => {
                Ok(self.balance_read(balance, response_ms, read_at, watch))
            }
            ProviderCommand::RecordSilence(silence) => Ok(self.silent(silence)),
            ProviderCommand::Rank { measures, basis } => Ok(self.ranked(measures, basis)),
            ProviderCommand::Trip { trip, back_off, now } => {
                Ok(self.breaker.trip(trip, back_off, now))
            }
            ProviderCommand::TakeProbe { reading, back_off, now } => {
                Ok(self.breaker.probed(&reading, back_off, now))
            }
            ProviderCommand::EndTrial { attempt_id, verdict, back_off, now } => {
                Ok(self.breaker.tried(attempt_id, verdict, back_off, now))
            }
            ProviderCommand::Suspend { until, note, now } => {
                Ok(self.breaker.suspend(until, note, now))
            }
            ProviderCommand::Resume { now } => Ok(self.breaker.resume(now)),
        }
    }

    fn evolve(&mut self, event: &ProviderEvent) {
        match event.clone() {
            ProviderEvent::ProviderAdded { name, api_url, priority, credential_id, .. } => {
                *self = Self {
                    lifecycle: Lifecycle::Active,
                    name,
                    api_url,
                    priority,
                    credential_id,
                    ..Self::default()
                };
            }
            ProviderEvent::ProviderRenamed { name } => self.name = name,
            ProviderEvent::ProviderUrlChanged { api_url } => self.api_url = api_url,
            ProviderEvent::ProviderPriorityChanged { priority } => self.priority = priority,
            ProviderEvent::ProviderKeyReplaced { credential_id, .. } => {
                self.credential_id = credential_id;
            }
            ProviderEvent::ProviderSyncIntervalSet { sync_interval_minutes } => {
                self.sync_interval = sync_interval_minutes;
            }
            ProviderEvent::ProviderDescribed { description } => self.description = description,
            ProviderEvent::ProviderDialectChanged { dialect } => self.dialect = dialect,
            ProviderEvent::ProviderLimitsChanged { limits } => self.limits = limits,
            ProviderEvent::ProviderDeclaredExclusive { declared_at } => {
                self.exclusive_since = Some(declared_at);
            }
            ProviderEvent::ProviderDeclaredShared {} => self.exclusive_since = None,
            ProviderEvent::ProviderActivated {} => self.lifecycle = Lifecycle::Active,
            ProviderEvent::ProviderDeactivated {} => {
                self.lifecycle = Lifecycle::Inactive;
                self.alarms = Alarms::default();
            }
            ProviderEvent::ProviderDeleted {} => {
                self.lifecycle = Lifecycle::Deleted;
                self.alarms = Alarms::default();
            }
            ProviderEvent::ConnectionTestSucceeded { balance, currency, tested_at, .. } => {
                self.take_balance(balance, currency, tested_at);
            }
            ProviderEvent::BalanceRead { balance, currency, read_at, .. } => {
                self.take_balance(balance, currency, read_at);
            }
            ProviderEvent::LowBalanceNoticed { .. } => self.alarms.low_balance = true,
            ProviderEvent::LowBalanceEnded { .. } => self.alarms.low_balance = false,
            ProviderEvent::ProviderDownNoticed { .. } => self.alarms.down = true,
            ProviderEvent::ProviderDownEnded {} => self.alarms.down = false,
            ProviderEvent::ConnectionTestFailed { tested_at, .. } => {
                self.alarms.unanswered = self.unanswered_with(tested_at);
            }
            ProviderEvent::RankingChanged { score, .. } => self.score = score,
            ProviderEvent::ProviderSuspended { .. } => {
                self.alarms.unanswered = None;
                self.breaker.evolve(event);
            }
            ProviderEvent::ProbeFailed { .. }
            | ProviderEvent::ProviderHalfOpened { .. }
            | ProviderEvent::TrialStarted { .. }
            | ProviderEvent::TrialReleased { .. }
            | ProviderEvent::ProviderResumed { .. } => self.breaker.evolve(event),
        }
    }
}
