//! What every aggregate has in common.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

/// A consistency boundary: its state is the fold of one stream, and only [`decide`](Aggregate::decide) adds to that
/// stream.
pub trait Aggregate:
    Default + Clone + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// First half of the stream's name, as the journal stores it.
    const TYPE: &'static str;
    /// What may be asked of the aggregate.
    type Command: Send;
    /// What can have happened to it.
    type Event: Event;
    /// Why a command was refused.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Answers a command with the events that it causes; an empty list means that there was nothing to change.
    ///
    /// # Errors
    /// The broken rule. Nothing has happened then.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Takes an event into the state. Events are facts, so this never fails.
    fn evolve(&mut self, event: &Self::Event);
}

/// A fact in an aggregate's stream, stored as a flat JSON object whose `type` names the variant.
pub trait Event:
    Serialize + DeserializeOwned + Clone + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// Every variant's name.
    const TYPES: &'static [&'static str];

    /// Name of this variant, in the past tense, unique over all aggregates.
    fn event_type(&self) -> &'static str;

    /// Version of the payload's shape; raised when a field changes its meaning.
    fn version(&self) -> &'static str {
        "1"
    }
}

/// Derives [`Event`] from the list of an enum's variants, which the compiler checks for completeness.
macro_rules! event_types {
    ($event:ty { $($variant:ident),+ $(,)? }) => {
        impl $crate::domain::Event for $event {
            const TYPES: &'static [&'static str] = &[$(stringify!($variant)),+];

            fn event_type(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant)),+
                }
            }
        }
    };
}
pub(in crate::domain) use event_types;
