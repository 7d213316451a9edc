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
    /// Whether it has ended, and is looked at once.
    pub(super) has_ended: bool,
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
        Self { provider, id_there, since, has_ended: false, last: None, due: None }
    }

    /// Returns how long to wait between two looks; `None` of an order that has ended, which comes back in its round.
    pub(super) fn wait(&self, pace: &StatusPace) -> Option<Duration> {
        let age = || (Utc::now() - self.since).to_std().unwrap_or_default();
        (!self.has_ended).then(|| pace.open(age()))
    }
}
