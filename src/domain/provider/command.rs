use chrono::{DateTime, TimeDelta, Utc};

use super::{
    BackOff, BalanceWatch, Basis, Description, Dialect, LimitChanges, Measures, ProviderName,
    ProviderUrl, SyncInterval, Trip, Verdict,
};
use crate::domain::{AttemptId, Balance, CredentialId};

/// What may be asked of a provider.
#[derive(Debug, Clone)]
pub enum ProviderCommand {
    /// Enter it; it is active at once.
    Add {
        /// Its name, reserved in the same append.
        name: ProviderName,
        /// Where its API is.
        api_url: ProviderUrl,
        /// 1 is tried first.
        priority: i32,
        /// The sealed key.
        key: KeyReference,
    },
    /// Change the given fields.
    Update(ProviderChanges),
    /// Switch between active and inactive.
    Toggle,
    /// Switch it on or off.
    SetActive(Activation),
    /// Remove it for good.
    Delete(Dependents),
    /// Note what a balance call came to.
    RecordConnectionTest {
        /// The balance, or what went wrong in words.
        outcome: Result<Balance, String>,
        /// Duration of the call in milliseconds.
        response_ms: i64,
        /// When the call ended.
        tested_at: DateTime<Utc>,
        /// What balance counts as low.
        watch: BalanceWatch,
    },
    /// Take in what our account there holds.
    RecordBalance {
        /// What the provider said.
        balance: Balance,
        /// From the first byte sent to the last one read, in milliseconds.
        response_ms: i64,
        /// When it said so.
        read_at: DateTime<Utc>,
        /// What counts as low.
        watch: BalanceWatch,
    },
    /// Take in that it did not say what our account there holds, often enough on end to be called down.
    RecordSilence(Silence),
    /// Take in how it has worked lately.
    Rank {
        /// What was measured.
        measures: Measures,
        /// What that rests on.
        basis: Basis,
    },
    /// Set it aside for what its attempts came to, unless it is already.
    Trip {
        /// For what.
        trip: Trip,
        /// For how long.
        back_off: BackOff,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Take in, while it is set aside, what a balance call came to.
    TakeProbe {
        /// The balance, or what came instead.
        reading: Result<Balance, NoBalance>,
        /// For how long it is left alone where it does not work.
        back_off: BackOff,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Take in what the order came to that tried it.
    EndTrial {
        /// Which attempt.
        attempt_id: AttemptId,
        /// What it proved.
        verdict: Verdict,
        /// For how long it is left alone where it does not work.
        back_off: BackOff,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Set it aside by an operator's word.
    Suspend {
        /// When it is asked whether it works; `None` is not before an operator says so.
        until: Option<DateTime<Utc>>,
        /// Why.
        note: String,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Put it back to work by an operator's word.
    Resume {
        /// The time now.
        now: DateTime<Utc>,
    },
}

/// What a balance call came to that brought none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoBalance {
    /// What went wrong, in words.
    pub reason: String,
    /// For how long the provider asks to be left alone, where it does.
    pub retry_after: Option<TimeDelta>,
}

impl NoBalance {
    /// Says why there is none; the provider asks for nothing.
    pub fn because(reason: String) -> Self {
        Self { reason, retry_after: None }
    }
}

/// Balance calls that came to nothing, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// How many on end.
    pub failed_calls: i64,
    /// When the first of them failed.
    pub since: DateTime<Utc>,
    /// How the last of them failed, in words.
    pub reason: String,
}

/// Whether orders may go to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// They may.
    Active,
    /// They may not.
    Inactive,
}

/// Who orders with our account at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredUse {
    /// Nobody but us, from now on.
    Exclusive {
        /// The time now.
        declared_at: DateTime<Utc>,
    },
    /// Others may.
    Shared,
}

/// New values; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ProviderChanges {
    /// New name.
    pub name: Option<ProviderName>,
    /// New address.
    pub api_url: Option<ProviderUrl>,
    /// New priority.
    pub priority: Option<i32>,
    /// New key.
    pub key: Option<KeyReference>,
    /// How often its catalogue is to be synced by itself.
    pub sync_interval: Option<SyncInterval>,
    /// Who orders with our account there.
    pub account_use: Option<DeclaredUse>,
    /// New terms.
    pub terms: ProviderTerms,
}

/// How a provider is to be called, and what is noted about it; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderTerms {
    /// What operators note about it.
    pub description: Option<Description>,
    /// How it wants to be called.
    pub dialect: Option<Dialect>,
    /// How hard and how patiently it is called.
    pub limits: LimitChanges,
}

/// A provider key as events may know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyReference {
    /// Where the sealed key is.
    pub credential_id: CredentialId,
    /// Its last four characters, where it is long enough to show them.
    pub hint: Option<String>,
}

/// What still depends on a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependents {
    /// Services imported from it and not retired.
    pub services: usize,
    /// Orders that it holds or may hold.
    pub open_orders: i64,
}
