use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{LinkLock, Pricing, RemainderPolicy, ServiceListing, ServiceResumedBy, WaitLimit};
use crate::domain::{ProviderId, ServiceId, aggregate::event_types, routing::Strategy};

/// What can have happened to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ServiceEvent {
    /// A sync found it for the first time; it is for sale from now on.
    ServiceImported {
        /// Its provider, which is its primary.
        provider_id: ProviderId,
        /// What panel API clients send as `service`.
        number: i64,
        /// The row as found.
        #[serde(flatten)]
        listing: ServiceListing,
        /// What customers pay per 1000: the rate, until an operator sets otherwise.
        price: Decimal,
    },
    /// The provider asks another price.
    ServiceRepriced {
        /// The new rate.
        rate: Decimal,
        /// The rate until now.
        previous_rate: Decimal,
        /// What customers pay from now on, by the service's pricing.
        price: Decimal,
    },
    /// The provider's rate moved further at once than is let pass in silence, and the service is for sale.
    PriceMoveNoticed {
        /// Whose rate.
        provider_id: ProviderId,
        /// The new rate.
        rate: Decimal,
        /// The rate until now.
        previous_rate: Decimal,
        /// What customers pay from now on.
        price: Decimal,
        /// The move in parts per million of the previous rate, negative downwards; absent where no share can be told, as
        /// from nothing.
        move_ppm: Option<i64>,
    },
    /// The provider describes it in another way, or takes other quantities.
    ServiceChanged {
        /// The row as found.
        #[serde(flatten)]
        listing: ServiceListing,
        /// Names of the fields that differ from before.
        changed: Vec<String>,
    },
    /// The provider's list no longer has it.
    ServiceDelisted {},
    /// It was for sale when the provider's list no longer had it.
    DelistingNoticed {
        /// Whose list.
        provider_id: ProviderId,
        /// How many equivalents are mapped.
        backups: i64,
    },
    /// The provider's list has it again.
    ServiceRelisted {},
    /// The provider now sells something else under its id: no longer for sale until an operator has looked.
    ServiceIdReused {
        /// The row as found.
        #[serde(flatten)]
        listing: ServiceListing,
        /// What was sold under the id before.
        previous_name: String,
        /// What customers would pay for it, by the service's pricing.
        price: Decimal,
    },
    /// An operator put it up for sale.
    ServiceEnabled {},
    /// An operator took it off sale.
    ServiceDisabled {},
    /// An operator decided what customers pay.
    ServicePriceSet {
        /// How later rates turn into prices.
        pricing: Pricing,
        /// What customers pay from now on.
        price: Decimal,
    },
    /// An operator filed it under another category, which later syncs leave alone.
    ServiceRecategorised {
        /// The new category.
        category: String,
    },
    /// An operator chose how its candidates are ordered.
    ServiceStrategySet {
        /// The choice; absent for the installation's default.
        strategy: Option<Strategy>,
    },
    /// An operator let its orders wait for others on the same link, or not.
    ServiceLinkLockSet {
        /// The choice.
        link_lock: LinkLock,
    },
    /// An operator chose what happens to what a provider leaves undelivered.
    ServiceRemainderSet {
        /// The choice.
        remainder: RemainderPolicy,
    },
    /// An operator named an equivalent at another provider.
    ServiceMapped {
        /// The equivalent.
        backup_service_id: ServiceId,
        /// Who sells it.
        backup_provider_id: ProviderId,
        /// 1 is tried first after the primary.
        priority: i32,
    },
    /// An equivalent is one no more.
    ServiceUnmapped {
        /// The former equivalent.
        backup_service_id: ServiceId,
    },
    /// It was dissociated from its provider: off sale, and its mappings gone.
    ServiceRetired {},
    /// The provider refuses it, though its list has it: no orders go to it.
    ServiceSuspended {
        /// Who refuses it.
        provider_id: ProviderId,
        /// The provider's own words.
        reason: String,
        /// Since when.
        since: DateTime<Utc>,
        /// From when on a list that has it is believed.
        until: DateTime<Utc>,
        /// How often it was refused since it was last steady.
        trips: i32,
    },
    /// Orders go to it as before it was set aside.
    ServiceResumed {
        /// On whose word.
        by: ServiceResumedBy,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// An operator decided how long its orders wait for providers that are set aside.
    ServiceWaitLimitSet {
        /// In minutes; absent is the installation's default.
        wait_minutes: Option<WaitLimit>,
    },
}

event_types!(ServiceEvent {
    ServiceImported,
    ServiceRepriced,
    PriceMoveNoticed,
    ServiceChanged,
    ServiceDelisted,
    DelistingNoticed,
    ServiceRelisted,
    ServiceIdReused,
    ServiceEnabled,
    ServiceDisabled,
    ServicePriceSet,
    ServiceRecategorised,
    ServiceStrategySet,
    ServiceLinkLockSet,
    ServiceRemainderSet,
    ServiceMapped,
    ServiceUnmapped,
    ServiceRetired,
    ServiceSuspended,
    ServiceResumed,
    ServiceWaitLimitSet,
});
