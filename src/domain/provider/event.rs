use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    Description, Dialect, Measures, ProviderLimits, ResumedBy, Score, SuspensionCause, SyncInterval,
};
use crate::domain::{AttemptId, CredentialId, OrderId, Position, aggregate::event_types};

/// What can have happened to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ProviderEvent {
    /// An operator entered it; it is active from now on.
    ProviderAdded {
        /// Unique among the providers that are not deleted.
        name: String,
        /// Address of its API, used as given.
        api_url: String,
        /// 1 is tried first.
        priority: i32,
        /// The sealed key, stored beside the journal.
        credential_id: CredentialId,
        /// Last four characters of the key; absent for keys under 12.
        key_hint: Option<String>,
    },
    /// It goes by another name.
    ProviderRenamed {
        /// The new name.
        name: String,
    },
    /// Its API is reached at another address.
    ProviderUrlChanged {
        /// The new address.
        api_url: String,
    },
    /// It is tried earlier or later than before.
    ProviderPriorityChanged {
        /// The new priority.
        priority: i32,
    },
    /// Another key is used from now on.
    ProviderKeyReplaced {
        /// The sealed new key.
        credential_id: CredentialId,
        /// Last four characters of the new key; absent for keys under 12.
        key_hint: Option<String>,
    },
    /// Its catalogue is synced by itself in this rhythm from now on; one that was never told otherwise, every six hours.
    ProviderSyncIntervalSet {
        /// Minutes from one start to the next; absent is never.
        sync_interval_minutes: SyncInterval,
    },
    /// Operators note something else about it.
    ProviderDescribed {
        /// What; absent where they note nothing.
        description: Description,
    },
    /// It is called in another way from now on.
    ProviderDialectChanged {
        /// How.
        #[serde(flatten)]
        dialect: Dialect,
    },
    /// It is called more or less often at once, faster or slower, with more or less patience from now on.
    ProviderLimitsChanged {
        /// All its limits.
        #[serde(flatten)]
        limits: ProviderLimits,
    },
    /// An operator declared that nobody but us orders with our account there, and that nothing runs there that others
    /// ordered: evidence may prove more from now on.
    ProviderDeclaredExclusive {
        /// Since when.
        declared_at: DateTime<Utc>,
    },
    /// Others may order with our account there.
    ProviderDeclaredShared {},
    /// Orders may go to it again.
    ProviderActivated {},
    /// No more orders go to it.
    ProviderDeactivated {},
    /// It is gone for good; history goes on naming it.
    ProviderDeleted {},
    /// It answered a balance call.
    ConnectionTestSucceeded {
        /// Amount on our account there, in its own currency.
        balance: Decimal,
        /// The currency as the provider writes it.
        currency: Option<String>,
        /// Whole hours until the amount is spent at the pace of the last day; absent where nothing was spent, or no end is
        /// in sight.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runway_hours: Option<i64>,
        /// From the first byte sent to the last one read, in milliseconds.
        response_ms: i64,
        /// When the answer came.
        tested_at: DateTime<Utc>,
    },
    /// It did not answer a balance call as a panel does.
    ConnectionTestFailed {
        /// What went wrong, in words.
        reason: String,
        /// Time until the failure, in milliseconds.
        response_ms: i64,
        /// When it failed.
        tested_at: DateTime<Utc>,
    },
    /// It said what our account there holds, and that was news: another amount than before, or one that would be too old
    /// to count on.
    BalanceRead {
        /// Amount on our account there, in its own currency.
        balance: Decimal,
        /// The currency as the provider writes it.
        currency: Option<String>,
        /// Whole hours until the amount is spent at the pace of the last day; absent where nothing was spent, or no end is
        /// in sight.
        runway_hours: Option<i64>,
        /// From the first byte sent to the last one read, in milliseconds.
        response_ms: i64,
        /// When it was read.
        read_at: DateTime<Utc>,
    },
    /// Our balance there has become low. An alarm, once for as long as it is.
    LowBalanceNoticed {
        /// The amount, in the provider's own currency.
        balance: Decimal,
        /// The currency as the provider writes it.
        currency: Option<String>,
        /// Whole hours until it is spent at the pace of the last day.
        runway_hours: Option<i64>,
    },
    /// Our balance there is not low any more.
    LowBalanceEnded {
        /// The amount, in the provider's own currency.
        balance: Decimal,
        /// The currency as the provider writes it.
        currency: Option<String>,
        /// Whole hours until it is spent at the pace of the last day.
        runway_hours: Option<i64>,
    },
    /// It has failed to answer balance calls as a panel does, several times on end. An alarm, once for as long as it lasts.
    ProviderDownNoticed {
        /// How many calls on end.
        failed_calls: i64,
        /// When the first of them failed.
        since: DateTime<Utc>,
        /// How the last of them failed, in words.
        reason: String,
    },
    /// It answers balance calls again.
    ProviderDownEnded {},
    /// It has proved better or worse than before.
    RankingChanged {
        /// How good it is now.
        #[serde(flatten)]
        score: Score,
        /// What that was computed from.
        #[serde(flatten)]
        measures: Measures,
        /// Up to where the journal was measured.
        basis: Position,
        /// From when the days were counted back; absent where they were whole UTC days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<DateTime<Utc>>,
    },
    /// It is set aside: no orders go to it.
    ProviderSuspended {
        /// Why.
        cause: SuspensionCause,
        /// The same in words, with figures; an operator's note.
        reason: String,
        /// Since when.
        since: DateTime<Utc>,
        /// When it is asked whether it works again; absent where an operator is to say so.
        until: Option<DateTime<Utc>>,
        /// How often it was found failing since it was last steady.
        trips: i32,
    },
    /// It was asked whether it works again, and does not.
    ProbeFailed {
        /// What it answered, or why it did not.
        reason: String,
        /// When it is asked again.
        until: DateTime<Utc>,
        /// How often it was found failing since it was last steady.
        trips: i32,
    },
    /// It answered the balance call: one order may try whether it works again.
    ProviderHalfOpened {
        /// When.
        at: DateTime<Utc>,
    },
    /// An order is on its way to try whether it works again. In the same append as that attempt.
    TrialStarted {
        /// Which order.
        order_id: OrderId,
        /// Which of its attempts.
        attempt_id: AttemptId,
    },
    /// The order that was to try it proved nothing: another may.
    TrialReleased {
        /// Which attempt.
        attempt_id: AttemptId,
        /// Why it proved nothing.
        reason: String,
    },
    /// Orders go to it as before it was set aside.
    ProviderResumed {
        /// On whose word.
        by: ResumedBy,
        /// Since when.
        at: DateTime<Utc>,
    },
}

event_types!(ProviderEvent {
    ProviderAdded,
    ProviderRenamed,
    ProviderUrlChanged,
    ProviderPriorityChanged,
    ProviderKeyReplaced,
    ProviderSyncIntervalSet,
    ProviderDescribed,
    ProviderDialectChanged,
    ProviderLimitsChanged,
    ProviderDeclaredExclusive,
    ProviderDeclaredShared,
    ProviderActivated,
    ProviderDeactivated,
    ProviderDeleted,
    ConnectionTestSucceeded,
    ConnectionTestFailed,
    BalanceRead,
    LowBalanceNoticed,
    LowBalanceEnded,
    ProviderDownNoticed,
    ProviderDownEnded,
    RankingChanged,
    ProviderSuspended,
    ProbeFailed,
    ProviderHalfOpened,
    TrialStarted,
    TrialReleased,
    ProviderResumed,
});
