use serde::{Deserialize, Serialize};

use super::{ErrorText, TextClass};
use crate::domain::aggregate::event_types;

/// Whose word a text's class is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaidBy {
    /// An operator's own.
    Operator,
    /// What panels mean by it, as this program knows it.
    BuiltIn,
}

/// What can have happened to an error text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum RefusalTextEvent {
    /// From here on the text means this, wherever it is read, and in figures of the past too.
    RefusalTextReclassified {
        /// The text as texts are compared.
        text: ErrorText,
        /// What it means.
        class: TextClass,
        /// Whose word that is; the program's own where an operator took theirs back.
        said_by: SaidBy,
        /// Why, in the operator's words.
        note: String,
    },
}

event_types!(RefusalTextEvent { RefusalTextReclassified });
