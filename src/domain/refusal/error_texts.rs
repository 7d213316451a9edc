use std::collections::HashMap;

use super::{ErrorText, RefusalTextEvent, SaidBy, TextClass};

/// What operators say of error texts. It goes before what panels mean by them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorTexts(HashMap<ErrorText, TextClass>);

impl ErrorTexts {
    /// Tells whether operators say nothing of any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what operators say of a text.
    pub fn said_of(&self, text: &ErrorText) -> Option<TextClass> {
        self.0.get(text).copied()
    }

    /// Takes in what an operator said.
    pub fn take(&mut self, event: &RefusalTextEvent) {
        let RefusalTextEvent::RefusalTextReclassified { text, class, said_by, .. } = event;
        match said_by {
            SaidBy::Operator => self.0.insert(text.clone(), *class),
            SaidBy::BuiltIn => self.0.remove(text),
        };
    }
}
