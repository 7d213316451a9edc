use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{PriceWatch, ServiceKind, ServiceListing, WaitLimit};
use crate::domain::{ProviderId, ServiceId, routing::Strategy};

/// What may be asked of a service.
#[derive(Debug, Clone)]
pub enum ServiceCommand {
    /// Take over what a sync found in the provider's list.
    Observe {
        /// Whose list.
        provider_id: ProviderId,
        /// Its short number, used where it is new.
        number: i64,
        /// The row.
        listing: ServiceListing,
        /// How far the rate may move without an alert.
        watch: PriceWatch,
    },
    /// Note that a complete list does not have it.
    Delist,
    /// Put it up for sale or take it off.
    SetForSale(ForSale),
    /// Name a price per 1000.
    SetPrice(Decimal),
    /// Derive the price from the rate, now and at every later sync.
    SetMarkup(Decimal),
    /// File it under another category.
    Recategorise(String),
    /// Choose how its candidates are ordered; `None` for the installation's default.
    SetStrategy(Option<Strategy>),
    /// Let its orders wait for others on the same link, or not.
    SetLinkLock(LinkLock),
    /// Order what a provider leaves undelivered at the next one, or not.
    SetRemainder(RemainderPolicy),
    /// Name an equivalent, or change its priority.
    Map {
        /// The equivalent.
        backup: Equivalent,
        /// 1 is tried first after the primary.
        priority: i32,
    },
    /// Take an equivalent back.
    Unmap(ServiceId),
    /// Set it aside, since its provider refuses it.
    Suspend {
        /// The provider's own words.
        reason: String,
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Take in that the provider's list has it.
    FindListed {
        /// When the list was asked for.
        at: DateTime<Utc>,
    },
    /// Put it back to work by an operator's word.
    Resume {
        /// The time now.
        now: DateTime<Utc>,
    },
    /// Choose how long its orders wait for providers that are set aside; `None` is the installation's default.
    SetWaitLimit(Option<WaitLimit>),
    /// Dissociate it from its provider.
    Retire {
        /// Orders of it that a provider holds or may hold.
        open_orders: i64,
    },
}

/// Whether customers may order a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForSale {
    /// They may.
    Yes,
    /// They may not.
    No,
}

/// Whether orders of a service wait for others of the same kind on the same link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkLock {
    /// They wait, and are waited for.
    #[default]
    On,
    /// They neither wait nor hold others up.
    Off,
}

/// What happens to the units that a provider did not deliver of an order that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RemainderPolicy {
    /// The order ends with what was delivered.
    #[default]
    Leave,
    /// They are ordered at the next candidate.
    Complete,
}

/// What must be known of a service before it can stand in for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivalent {
    /// The service.
    pub service_id: ServiceId,
    /// Who sells it.
    pub provider_id: ProviderId,
    /// Its type.
    pub kind: ServiceKind,
}
