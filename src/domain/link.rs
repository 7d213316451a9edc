//! The target of an order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest link that is passed on, in bytes: what browsers and panels take at the least.
const MAX_BYTES: usize = 2048;

/// A post, profile or page that an order works on, as the customer gave it. Panels also take bare user names here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

/// Why a text is no [`Link`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLink {
    /// Nothing but white space.
    #[error("the link is empty: give the address of the post, profile or page")]
    Empty,
    /// Over the length that providers take.
    #[error("the link is {0} bytes long, at most {MAX_BYTES} are taken")]
    TooLong(usize),
    /// Line breaks and the like would change the meaning of the request.
    #[error("the link contains a control character or white space")]
    Unprintable,
}

impl Link {
    /// Takes a customer's text, trimmed.
    ///
    /// # Errors
    /// [`InvalidLink`] where it is empty, too long or not printable.
    pub fn try_new(text: &str) -> Result<Self, InvalidLink> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidLink::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(InvalidLink::TooLong(text.len()));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidLink::Unprintable);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_is_trimmed() {
        assert_eq!(
            Link::try_new(" https://example.com/p/1 ").map(|link| link.0),
            Ok("https://example.com/p/1".to_owned())
        );
    }

    #[test]
    fn link_without_text_or_with_line_breaks_is_refused() {
        assert_eq!(Link::try_new("  "), Err(InvalidLink::Empty));
        assert_eq!(Link::try_new("a\u{0}b"), Err(InvalidLink::Unprintable));
        assert_eq!(Link::try_new("a\nb"), Err(InvalidLink::Unprintable));
        assert_eq!(Link::try_new(&"x".repeat(2049)), Err(InvalidLink::TooLong(2049)));
    }
}
