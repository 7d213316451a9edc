use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::texts::normalised;

/// Longest error text, in characters: longer words are cut to that before they are kept.
pub const MAX_ERROR_TEXT: usize = 500;

/// A provider's error words in the form in which texts are compared: whole, in lower case, with single spaces, `#` for
/// each number, and without dots at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorText(String);

/// Why words are no [`ErrorText`] that anything could be said of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidErrorText {
    /// Nothing is left of it.
    #[error("the text says nothing: give it as `errorTexts` lists it, or as the provider wrote it")]
    Empty,
    /// Longer than what is kept of any.
    #[error("the text has {0} characters, at most {MAX_ERROR_TEXT} are kept of any")]
    TooLong(usize),
    /// It breaks the line.
    #[error("the text contains a control character")]
    Control,
}

impl ErrorText {
    /// Takes a provider's words as they are kept: on one line, cut, without our key.
    pub fn of(words: &str) -> Self {
        Self(normalised(words))
    }

    /// Takes an operator's word for a provider's.
    ///
    /// # Errors
    /// [`InvalidErrorText`] names the rule that it breaks.
    pub fn try_new(words: &str) -> Result<Self, InvalidErrorText> {
        let text = Self::of(words);
        let length = text.0.chars().count();
        if length == 0 {
            return Err(InvalidErrorText::Empty);
        }
        if length > MAX_ERROR_TEXT {
            return Err(InvalidErrorText::TooLong(length));
        }
        if text.0.chars().any(char::is_control) {
            return Err(InvalidErrorText::Control);
        }
        Ok(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the stream in which what operators say of the text is kept.
    pub fn stream_id(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.0.as_bytes())
    }
}

impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
