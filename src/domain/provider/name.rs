use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const MAX_CHARS: usize = 100;

/// What operators call a provider: trimmed, printable, unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderName(String);

/// Why a text is no [`ProviderName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing but white space.
    #[error("the name is empty")]
    Empty,
    /// Too long for a table.
    #[error("the name has {0} characters, at most {MAX_CHARS} are taken")]
    TooLong(usize),
    /// Line breaks and the like.
    #[error("the name contains a control character")]
    Unprintable,
}

impl ProviderName {
    /// Takes an operator's text, trimmed.
    ///
    /// # Errors
    /// [`InvalidName`] where it is empty, too long or not printable.
    pub fn try_new(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        let length = text.chars().count();
        if length > MAX_CHARS {
            return Err(InvalidName::TooLong(length));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidName::Unprintable);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_trimmed_and_must_be_printable() {
        assert_eq!(ProviderName::try_new(" Peak ").map(|name| name.0), Ok("Peak".to_owned()));
        assert_eq!(ProviderName::try_new(" "), Err(InvalidName::Empty));
        assert_eq!(ProviderName::try_new("a\nb"), Err(InvalidName::Unprintable));
        assert_eq!(ProviderName::try_new(&"é".repeat(101)), Err(InvalidName::TooLong(101)));
    }
}
