use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use super::{ErrorText, RefusalTextEvent, SaidBy, TextClass};
use crate::domain::Aggregate;

/// What may be asked of an error text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalTextCommand {
    /// Let it mean something else.
    Reclassify {
        /// Which text.
        text: ErrorText,
        /// What it is to mean; `None` for what panels mean by it.
        class: Option<TextClass>,
        /// Why, in the operator's words.
        note: String,
    },
}

/// The state of an error text: what an operator says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefusalText {
    said: Option<TextClass>,
}

impl Aggregate for RefusalText {
    const TYPE: &'static str = "refusal_text";
    type Command = RefusalTextCommand;
    type Event = RefusalTextEvent;
    type Error = Infallible;

    fn decide(&self, command: RefusalTextCommand) -> Result<Vec<RefusalTextEvent>, Infallible> {
        let RefusalTextCommand::Reclassify { text, class, note } = command;
        if class == self.said {
            return Ok(vec![]);
        }
        let said_by = class.map_or(SaidBy::BuiltIn, |_| SaidBy::Operator);
        let class = class.unwrap_or_else(|| TextClass::built_in(&text));
        Ok(vec![RefusalTextEvent::RefusalTextReclassified { text, class, said_by, note }])
    }

    fn evolve(&mut self, event: &RefusalTextEvent) {
        let RefusalTextEvent::RefusalTextReclassified { class, said_by, .. } = event;
        self.said = (*said_by == SaidBy::Operator).then_some(*class);
    }
}
