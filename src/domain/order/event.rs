use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{DeliveryStatus, EvidenceSource, GivenUpAs, Overall, RefillStatus, RemainderOf};
use crate::domain::{
    AttemptId, Incarnation, Link, OrderId, ProviderId, ServiceId,
    aggregate::event_types,
    refusal::{ErrorText, RefusalClass},
    routing::Decision,
};

/// How an attempt in doubt was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SettledAs {
    /// The provider holds the order.
    Placed,
    /// The provider never took it.
    NotPlaced,
}

/// What can have happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum OrderEvent {
    /// A customer ordered; from here on the order cannot be lost.
    OrderPlaced {
        /// What the panel API answers as `order`.
        number: i64,
        /// Whose order.
        account: String,
        /// What was ordered; its provider is the primary.
        service_id: ServiceId,
        /// What the order works on.
        link: Link,
        /// Units ordered in all; a package counts as 1.
        quantity: i64,
        /// Units in one run, which lie within a service's limits; absent for a package.
        per_run: Option<i64>,
        /// What is sent to the provider besides the service and the link, by the panel API's names.
        fields: BTreeMap<String, String>,
        /// What the customer pays.
        charge: Decimal,
        /// SHA-256 of the request in hex, so that a repeated idempotency key with another request is noticed.
        digest: String,
        /// What it orders the remainder of; absent where a customer ordered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remainder_of: Option<RemainderOf>,
    },
    /// A provider was chosen and is about to be asked. Durable before the first byte goes out.
    AttemptStarted {
        /// 1 for the order's first.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who is asked.
        provider_id: ProviderId,
        /// Which service is bought: the ordered one or a backup.
        service_id: ServiceId,
        /// What the provider calls that service.
        provider_service_id: String,
        /// Which tenure sends it.
        incarnation: Incarnation,
        /// When it was claimed.
        started_at: DateTime<Utc>,
        /// Nothing is sent after this instant.
        send_before: DateTime<Utc>,
        /// When evidence may say at the earliest that the provider never took it: `send_before`, the time limit of the
        /// call, and a time for the provider to settle.
        settle_after: DateTime<Utc>,
        /// Why this provider.
        decision: Decision,
    },
    /// The provider answered with an order id.
    AttemptPlaced {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who holds the order now.
        provider_id: ProviderId,
        /// The provider's id of the order, an opaque string.
        api_order_id: String,
        /// Time from the first byte to the answer, in milliseconds.
        response_ms: i64,
    },
    /// The provider certainly did not take it.
    AttemptRefused {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who refused.
        provider_id: ProviderId,
        /// What the refusal lets us do.
        class: RefusalClass,
        /// The provider's own words, or why nothing could be sent.
        reason: String,
        /// Those words as texts are compared; absent where nothing was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<ErrorText>,
        /// Time to the answer, in milliseconds; absent where the provider was not reached.
        response_ms: Option<i64>,
        /// For how many seconds the provider asks to be left alone, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<i64>,
    },
    /// The provider may or may not have taken it.
    AttemptInDoubt {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who was asked.
        provider_id: ProviderId,
        /// What went wrong on the way.
        reason: String,
        /// The provider's own words as texts are compared, where it answered an error that does not rule the order out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<ErrorText>,
        /// Time until it went wrong, in milliseconds; absent where the process died.
        response_ms: Option<i64>,
        /// For how many seconds the provider asks to be left alone, where it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<i64>,
    },
    /// Nothing was sent: the claim is released and the order is free again.
    AttemptNotSent {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who would have been asked.
        provider_id: ProviderId,
        /// Why not.
        reason: String,
    },
    /// An attempt came to nothing, and this is where the order goes now.
    FailedOver {
        /// The attempt that came to nothing.
        attempt: i32,
        /// Who did not take the order.
        from_provider_id: ProviderId,
        /// Who is tried next; absent where no candidate is left or the refusal forbids another.
        to_provider_id: Option<ProviderId>,
        /// Why the first did not take it.
        reason: String,
    },
    /// An attempt in doubt was settled.
    AttemptSettled {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who was asked.
        provider_id: ProviderId,
        /// What became of it.
        settled_as: SettledAs,
        /// The provider's id of the order, where it was placed and the id is known.
        api_order_id: Option<String>,
        /// The evidence, in words.
        note: String,
    },
    /// It was looked what became of an attempt in doubt. Only what differs from the last look is on record.
    EvidenceRead {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who was asked.
        provider_id: ProviderId,
        /// Where it was looked.
        asked: EvidenceSource,
        /// What was seen there, summed up in words.
        answered: String,
        /// What follows from it, in words.
        follows: String,
    },
    /// An attempt stayed in doubt for as long as the policy of its service allows: the order is in doubt no more, though
    /// the provider may hold it all the same.
    DoubtGivenUp {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who was asked.
        provider_id: ProviderId,
        /// What the policy does with the order.
        policy: GivenUpAs,
        /// How long the policy waits.
        after_minutes: i32,
    },
    /// An attempt that was given up in doubt turned out not to have been placed: nothing exists twice.
    DoubtCleared {
        /// Which attempt.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who was asked.
        provider_id: ProviderId,
        /// The evidence, in words.
        note: String,
    },
    /// A provider turned out to hold an order that was tried or placed elsewhere, or given up, meanwhile. An alarm.
    DuplicateFound {
        /// The attempt that was placed after all.
        attempt: i32,
        /// Its id over all orders.
        attempt_id: AttemptId,
        /// Who holds the other order.
        provider_id: ProviderId,
        /// The other order's id at that provider.
        api_order_id: String,
    },
    /// The order waits before its next attempt.
    OrderDeferred {
        /// For how long.
        until: DateTime<Utc>,
        /// What for.
        reason: String,
        /// When it is given up, where it waits for a provider that is set aside; it goes on as soon as one may take it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gives_up_at: Option<DateTime<Utc>>,
    },
    /// The order waits until another on the same link is over.
    LinkAwaited {
        /// The other.
        order_id: OrderId,
        /// In words.
        reason: String,
    },
    /// None will be asked any more: no provider took it, or a policy gave up what was in doubt.
    OrderFailed {
        /// Why.
        reason: String,
        /// Every candidate and why it was left out; absent where the refusal itself forbids another.
        decision: Option<Decision>,
    },
    /// The provider that holds the order says something new of it. Carries all that is known, not only what changed.
    OrderStatusChanged {
        /// Who holds it.
        provider_id: ProviderId,
        /// The provider's id of the order.
        api_order_id: String,
        /// How far it is; after a word that means nothing, as far as before.
        status: DeliveryStatus,
        /// The provider's own word.
        provider_status: String,
        /// The count before delivery, where one was ever given.
        start_count: Option<i64>,
        /// Units not delivered yet, where a number was ever given; may be negative.
        remains: Option<i64>,
        /// What the provider charges, where it ever said.
        charge: Option<Decimal>,
        /// In this currency.
        currency: Option<String>,
        /// How the order stands with what was ordered for its remainder; absent where nothing was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overall: Option<Overall>,
    },
    /// What a provider left undelivered is ordered at the next one, as an order of its own.
    RemainderOrdered {
        /// The order for it.
        child_id: OrderId,
        /// Its short number.
        number: i64,
        /// Whose provider delivered too little: this order's, or that of an earlier one for its remainder.
        cause: OrderId,
        /// Its units.
        quantity: i64,
        /// How this order stands with it.
        overall: Overall,
    },
    /// What a provider left undelivered is not ordered anew.
    RemainderNotOrdered {
        /// Whose provider delivered too little.
        cause: OrderId,
        /// Units that stay undelivered.
        quantity: i64,
        /// Why.
        reason: String,
        /// Every candidate and why it was left out, where that is why.
        decision: Option<Decision>,
    },
    /// The order for a remainder has ended, otherwise than was known.
    RemainderStatusChanged {
        /// That order.
        child_id: OrderId,
        /// Units of it that were not delivered; absent where it is open again.
        undelivered: Option<i64>,
        /// How this order stands with it.
        overall: Overall,
    },
    /// A provider uses a word for a status that means nothing here, so the order or refill stays as open as it was. An
    /// alarm.
    UnknownStatusSeen {
        /// Who says so.
        provider_id: ProviderId,
        /// The word.
        provider_status: String,
        /// Which refill it was said of; absent where it was the order itself.
        refill_id: Option<String>,
    },
    /// The provider took a request to make up for what was lost.
    RefillRequested {
        /// Who.
        provider_id: ProviderId,
        /// The provider's id of the refill.
        refill_id: String,
    },
    /// The provider did not take a request for a refill.
    RefillRefused {
        /// Who.
        provider_id: ProviderId,
        /// The provider's own words.
        reason: String,
    },
    /// The provider says something new of a refill.
    RefillStatusChanged {
        /// Who.
        provider_id: ProviderId,
        /// The provider's id of the refill.
        refill_id: String,
        /// How far it is; after a word that means nothing, as far as before.
        status: RefillStatus,
        /// The provider's own word.
        provider_status: String,
    },
    /// The provider took a request to cancel the order. It proves nothing: only a later status does.
    CancelRequested {
        /// Who.
        provider_id: ProviderId,
    },
    /// The provider did not take a request to cancel the order.
    CancelRefused {
        /// Who.
        provider_id: ProviderId,
        /// The provider's own words.
        reason: String,
    },
}

event_types!(OrderEvent {
    OrderPlaced,
    AttemptStarted,
    AttemptPlaced,
    AttemptRefused,
    AttemptInDoubt,
    AttemptNotSent,
    FailedOver,
    AttemptSettled,
    EvidenceRead,
    DoubtGivenUp,
    DoubtCleared,
    DuplicateFound,
    OrderDeferred,
    LinkAwaited,
    OrderFailed,
    OrderStatusChanged,
    RemainderOrdered,
    RemainderNotOrdered,
    RemainderStatusChanged,
    UnknownStatusSeen,
    RefillRequested,
    RefillRefused,
    RefillStatusChanged,
    CancelRequested,
    CancelRefused,
});
