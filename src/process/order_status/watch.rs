use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::StatusPace;
use crate::domain::{OrderId, ProviderId, order::StatusReading};

/// What a provider is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Subject {
    Order(OrderId),
    /// A refill of an order, by the provider's id of it.
    Refill(OrderId, String),
}

/// Which calls ask about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Orders,
    Refills,
}

/// A provider and a kind of call: one is under way at a time.
pub(super) type Line = (ProviderId, Kind);

/// What was said, to notice that it is said again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Order(StatusReading),
    Refill(String),
}

/// Something that a provider is asked about again and again.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) provider: ProviderId,
    /// The provider's id of it.
    pub(super) id_there: String,
    /// Since when the provider has it.
    pub(super) since: DateTime<Utc>,
    /// Since when it has ended.
    pub(super) ended: Option<DateTime<Utc>>,
    /// What was said last, and is on record.
    pub(super) last: Option<Said>,
    /// When it is asked about next; `None` while it is.
    pub(super) due: Option<Instant>,
}

impl Subject {
    pub(super) fn order(&self) -> OrderId {
        match self {
            Self::Order(order) | Self::Refill(order, _) => *order,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Order(_) => Kind::Orders,
            Self::Refill(..) => Kind::Refills,
        }
    }
}

impl Watch {
    pub(super) fn new(provider: ProviderId, id_there: String, since: DateTime<Utc>) -> Self {
        Self { provider, id_there, since, ended: None, last: None, due: None }
    }

    /// Returns how long to wait between two looks; `None` where there is nothing more to see.
    pub(super) fn wait(&self, pace: &StatusPace) -> Option<Duration> {
        let age = |since: DateTime<Utc>| (Utc::now() - since).to_std().unwrap_or_default();
        match self.ended {
            None => Some(pace.open(age(self.since))),
            Some(ended) => (age(ended) < pace.ended_for).then_some(pace.ended),
        }
    }
}
