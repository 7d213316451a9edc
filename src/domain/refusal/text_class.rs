use serde::{Deserialize, Serialize};

use super::{ErrorText, Ledger, RefusalClass};

/// What an error text means: a refusal of some class, or nothing that would rule the order out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextClass {
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
    /// The provider does not understand the request.
    Dialect,
    /// The provider may have taken the order all the same.
    Doubt,
}

impl TextClass {
    /// Returns what panels mean by a text.
    pub fn built_in(text: &ErrorText) -> Self {
        RefusalClass::of_text(text.as_str()).map_or(Self::Doubt, Self::from)
    }

    /// Returns the refusal that a text of this class is; `None` for one that leaves the attempt in doubt.
    pub fn refusal(self) -> Option<RefusalClass> {
        match self {
            Self::WalletEmpty => Some(RefusalClass::WalletEmpty),
            Self::BadKey => Some(RefusalClass::BadKey),
            Self::ServiceGone => Some(RefusalClass::ServiceGone),
            Self::Quantity => Some(RefusalClass::Quantity),
            Self::Link => Some(RefusalClass::Link),
            Self::LinkBusy => Some(RefusalClass::LinkBusy),
            Self::Overload => Some(RefusalClass::Overload),
            Self::Maintenance => Some(RefusalClass::Maintenance),
            Self::Dialect => Some(RefusalClass::Dialect),
            Self::Doubt => None,
        }
    }

    /// Returns the ledger that an answer with such a text is entered in.
    pub fn ledger(self) -> Ledger {
        self.refusal().map_or(Ledger::Provider, RefusalClass::ledger)
    }
}

impl From<RefusalClass> for TextClass {
    /// No text says that nothing was sent, so that one is doubt.
    fn from(class: RefusalClass) -> Self {
        match class {
            RefusalClass::WalletEmpty => Self::WalletEmpty,
            RefusalClass::BadKey => Self::BadKey,
            RefusalClass::ServiceGone => Self::ServiceGone,
            RefusalClass::Quantity => Self::Quantity,
            RefusalClass::Link => Self::Link,
            RefusalClass::LinkBusy => Self::LinkBusy,
            RefusalClass::Overload => Self::Overload,
            RefusalClass::Maintenance => Self::Maintenance,
            RefusalClass::Dialect => Self::Dialect,
            RefusalClass::Unreachable => Self::Doubt,
        }
    }
}
