use serde::{Deserialize, Serialize};

/// Longest description, in characters.
const MAX_CHARS: usize = 2_000;

/// What operators note about a provider, for themselves; or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Description(Option<String>);

/// Why a text is no [`Description`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescription {
    /// Too long.
    #[error("the description has {0} characters, at most {MAX_CHARS} are taken")]
    TooLong(usize),
    /// Control characters other than line breaks and tabs.
    #[error("the description contains a control character")]
    Unprintable,
}

impl Description {
    /// Takes an operator's text, trimmed; one that is empty is none.
    ///
    /// # Errors
    /// [`InvalidDescription`] names the rule that it breaks.
    pub fn try_new(text: &str) -> Result<Self, InvalidDescription> {
        let text = text.trim();
        let length = text.chars().count();
        if length > MAX_CHARS {
            return Err(InvalidDescription::TooLong(length));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(InvalidDescription::Unprintable);
        }
        Ok(Self((!text.is_empty()).then(|| text.to_owned())))
    }
}
