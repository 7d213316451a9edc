//! Names of things: one type each, so that none can be taken for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that should have been an id, and is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: ids are UUIDs such as 0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11")]
pub struct InvalidId(pub String);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId(text.to_owned()))
            }
        }
    )+};
}

ids! {
    /// An upstream provider.
    ProviderId,
    /// A service imported from a provider.
    ServiceId,
    /// One run of a catalogue sync.
    SyncId,
    /// A customer's order.
    OrderId,
    /// One try of an order at a provider.
    AttemptId,
    /// A sealed provider key.
    CredentialId,
    /// One tenure of a dispatching process: what it left without an outcome when it died is in doubt.
    Incarnation,
}

impl ServiceId {
    /// Derives the id of a provider's service, so that every sync finds the stream of the same service again.
    pub fn derive(provider: ProviderId, provider_service_id: &str) -> Self {
        Self(Uuid::new_v5(&provider.0, provider_service_id.as_bytes()))
    }
}

impl OrderId {
    /// Derives the id of an order from its account and the client's idempotency key, so that the same request finds the
    /// same stream.
    pub fn derive(account: &str, idempotency_key: &str) -> Self {
        let account = Uuid::new_v5(&Uuid::NAMESPACE_OID, account.as_bytes());
        Self(Uuid::new_v5(&account, idempotency_key.as_bytes()))
    }

    /// Derives the id of the order for a remainder from the customer's order and the one whose provider delivered too
    /// little, so that there can be one for each.
    pub fn of_remainder(parent: Self, cause: Self) -> Self {
        Self(Uuid::new_v5(&parent.0, cause.0.as_bytes()))
    }
}

/// Place of an event in the journal: a gapless integer from 1; 0 stands before the first event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub i64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
