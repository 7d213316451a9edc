use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Doubt, Spent};

/// One answer of a provider to `action=orders`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// All that it lists.
    pub listed: Vec<ListedOrder>,
    /// Those of them that are known as another attempt's, by the provider's ids.
    pub claimed: BTreeSet<String>,
    /// What the account has spent since before the attempt.
    pub spent: Spent,
}

/// An order as the provider lists it; what a row leaves out is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The provider's id of it.
    pub api_order_id: String,
    /// The provider's id of the service.
    pub provider_service_id: Option<String>,
    /// Where it delivers.
    pub link: Option<String>,
    /// Units ordered.
    pub quantity: Option<i64>,
}

impl ListedOrder {
    /// Returns the place of the id among those of a provider that counts its orders up.
    pub(super) fn place(&self) -> Option<u128> {
        place(&self.api_order_id)
    }

    /// Tells whether it is what the attempt asked for, in every part.
    pub(super) fn fits(&self, doubt: &Doubt) -> bool {
        self.provider_service_id.as_deref() == Some(doubt.provider_service_id.as_str())
            && self.link.as_deref() == Some(doubt.link.as_str())
            && self.quantity == Some(doubt.quantity)
    }

    /// Tells whether it cannot be ruled out: panels rewrite links, and count units in more than one way.
    pub fn resembles(&self, doubt: &Doubt) -> bool {
        let same = |said: &Option<String>, ours: &str| said.as_deref().is_none_or(|it| it == ours);
        same(&self.provider_service_id, &doubt.provider_service_id) || same(&self.link, &doubt.link)
    }
}

pub(super) fn place(api_order_id: &str) -> Option<u128> {
    api_order_id.parse().ok()
}
