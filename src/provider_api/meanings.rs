//! What a provider's error words mean: as operators say, else as panels document it.

use super::redact::Redactor;
use crate::domain::{
    calls::MetText,
    refusal::{ErrorText, ErrorTexts, RefusalClass, TextClass},
};

/// Finds what error words mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meanings<'a> {
    texts: &'a ErrorTexts,
    redactor: &'a Redactor,
}

impl<'a> Meanings<'a> {
    pub(super) fn new(texts: &'a ErrorTexts, redactor: &'a Redactor) -> Self {
        Self { texts, redactor }
    }

    /// Returns the refusal that the words are, where they are one. Operators speak of texts as they are kept.
    pub(super) fn of(&self, words: &str) -> Option<RefusalClass> {
        match self.said_of(words) {
            Some(class) => class.refusal(),
            None => RefusalClass::of_text(words),
        }
    }

    /// Returns what operators say of the words.
    pub(super) fn said_of(&self, words: &str) -> Option<TextClass> {
        if self.texts.is_empty() {
            return None;
        }
        self.texts.said_of(&self.text(words))
    }

    /// Returns an error text as it is counted, where the words say anything.
    pub(super) fn met(&self, words: &str) -> Option<MetText> {
        let text = self.text(words);
        let class = self.of(words).map_or(TextClass::Doubt, TextClass::from);
        (!text.as_str().is_empty()).then_some(MetText { text, class })
    }

    /// Returns words fit for logs, events and answers.
    pub(super) fn words(&self, text: &str) -> String {
        self.redactor.words(text)
    }

    /// Returns the words as they are kept and compared.
    pub(super) fn text(&self, words: &str) -> ErrorText {
        ErrorText::of(&self.words(words))
    }
}
