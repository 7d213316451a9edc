use serde::{Deserialize, Serialize};

use super::texts;

/// The meaning of a refusal. Only a listed text has one; anything else a provider says leaves the attempt in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalClass {
    /// Our account at the provider is empty.
    WalletEmpty,
    /// The key, or the account behind it, is not accepted.
    BadKey,
    /// The provider does not sell this service any more.
    ServiceGone,
    /// The quantity is outside what the provider takes.
    Quantity,
    /// The link is not one that the service works on.
    Link,
    /// Another order on the same link has to end first.
    LinkBusy,
    /// Too many requests.
    Overload,
    /// The provider takes no orders at present.
    Maintenance,
    /// The provider does not understand the request: its dialect is another.
    Dialect,
    /// The provider could not be reached, so nothing was sent.
    Unreachable,
}

/// Who has to answer for an attempt that came to nothing. What is booked in one ledger says nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ledger {
    /// The way to the provider.
    Transport,
    /// The provider, or our account there.
    Provider,
    /// The customer's request.
    Request,
}

/// Where an order goes after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRefusal {
    /// To the next candidate that can take it.
    NextCandidate,
    /// Nowhere: every provider would answer the same.
    Nowhere,
    /// Back to the same provider, once the link is free.
    SameProviderLater,
}

impl RefusalClass {
    /// Finds the class that panels give an error text, compared whole, without case and outer space, numbers as wildcards.
    pub fn of_text(text: &str) -> Option<Self> {
        texts::class_of(text)
    }

    /// Returns where an order goes after a refusal of this class.
    pub fn then(self) -> AfterRefusal {
        match self {
            Self::Link => AfterRefusal::Nowhere,
            Self::LinkBusy => AfterRefusal::SameProviderLater,
            Self::WalletEmpty
            | Self::BadKey
            | Self::ServiceGone
            | Self::Quantity
            | Self::Overload
            | Self::Maintenance
            | Self::Dialect
            | Self::Unreachable => AfterRefusal::NextCandidate,
        }
    }

    /// Returns the ledger that a refusal of this class is booked in.
    pub fn ledger(self) -> Ledger {
        match self {
            Self::Unreachable => Ledger::Transport,
            Self::Quantity | Self::Link | Self::LinkBusy => Ledger::Request,
            Self::WalletEmpty
            | Self::BadKey
            | Self::ServiceGone
            | Self::Overload
            | Self::Maintenance
            | Self::Dialect => Ledger::Provider,
        }
    }

    /// Tells whether the request was at fault, not the provider: such a refusal says nothing of the provider's health.
    pub fn is_customers_fault(self) -> bool {
        self.ledger() == Ledger::Request
    }
}
