use serde::{Deserialize, de::IntoDeserializer};

use super::{Ledger, RefusalClass};

/// How an attempt came to nothing, or to doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// Refused.
    Refused(RefusalClass),
    /// The provider answered an error that does not rule the order out.
    Doubt,
    /// No answer came, or none that says anything.
    NoAnswer,
}

impl FailureClass {
    /// Reads the word that read models have for it. One that nobody knows says nothing.
    pub fn of_word(word: &str) -> Self {
        let deserializer: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            word.into_deserializer();
        match RefusalClass::deserialize(deserializer) {
            Ok(class) => Self::Refused(class),
            Err(_) if word == "doubt" => Self::Doubt,
            Err(_) => Self::NoAnswer,
        }
    }

    /// Returns the ledger that it is entered in.
    pub fn ledger(self) -> Ledger {
        match self {
            Self::Refused(class) => class.ledger(),
            Self::Doubt => Ledger::Provider,
            Self::NoAnswer => Ledger::Transport,
        }
    }
}
