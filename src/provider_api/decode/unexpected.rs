use crate::{
    domain::refusal::RefusalClass,
    provider_api::{meanings::Meanings, transport::Answer},
};

/// Longest excerpt, in bytes. Far longer than what is shown in the end, because a key must be replaced before the text
/// is cut short, or a part of it would stay.
const EXCERPT_BYTES: usize = 256 * 1024;

/// Why an answer is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub(in crate::provider_api) enum Unexpected {
    /// Nothing in it.
    #[error("the answer is empty (HTTP {status})")]
    Empty { status: u16 },
    /// A firewall's page, a PHP warning and the like.
    #[error("the answer is not JSON but {what} (HTTP {status}) that begins: {begins}")]
    NotJson { what: &'static str, status: u16, begins: String },
    /// The API is somewhere else.
    #[error(
        "the provider redirects to {to} (HTTP {status}): give that address if it is the panel's"
    )]
    Redirect { to: String, status: u16 },
    /// Our key is no longer accepted, or never was.
    #[error("the provider refused the key: {words}")]
    KeyRefused { words: String, status: u16 },
    /// Any other error.
    #[error("the provider answered an error (HTTP {status}): {words}")]
    Error { words: String, status: u16 },
    /// A balance call brought none.
    #[error("the answer holds no balance (HTTP {status}): {begins}")]
    NoBalance { status: u16, begins: String },
    /// The balance is something else.
    #[error("the balance `{0}` is no decimal")]
    Balance(String),
    /// A call about orders brought nothing about any.
    #[error("the answer says nothing of an order (HTTP {status}): {begins}")]
    NoStatus { status: u16, begins: String },
    /// A catalogue call brought no list.
    #[error("the answer is no list of services (HTTP {status}): {begins}")]
    NoList { status: u16, begins: String },
    /// A list without rows.
    #[error("the provider's list of services is empty")]
    EmptyList,
    /// Not one row of the list can be used.
    #[error("none of the {rows} rows of the provider's list can be read; {first}")]
    NoReadableRow { rows: usize, first: String },
}

impl Unexpected {
    /// Describes an answer that is not JSON.
    pub(in crate::provider_api) fn not_json(answer: &Answer) -> Self {
        let status = answer.status;
        if let (300..400, Some(to)) = (status, &answer.location) {
            return Self::Redirect { to: to.clone(), status };
        }
        let text = answer.text();
        let text = text.trim();
        if text.is_empty() {
            return Self::Empty { status };
        }
        let what = match text.as_bytes()[0] {
            b'<' => "an HTML page",
            b'{' | b'[' => "something like it",
            _ => "text",
        };
        Self::NotJson { what, status, begins: excerpt(text) }
    }

    /// Describes an error in the provider's own words.
    pub(super) fn error(words: String, status: u16) -> Self {
        Self::error_of(RefusalClass::of_text(&words), words, status)
    }

    /// Describes the same as operators see it, where it is an error in the provider's own words.
    pub(in crate::provider_api) fn told_by(self, meanings: &Meanings<'_>) -> Self {
        match self {
            Self::Error { words, status } | Self::KeyRefused { words, status } => {
                Self::error_of(meanings.of(&words), words, status)
            }
            other => other,
        }
    }

    fn error_of(class: Option<RefusalClass>, words: String, status: u16) -> Self {
        match class {
            Some(RefusalClass::BadKey) => Self::KeyRefused { words, status },
            _ => Self::Error { words, status },
        }
    }
}

/// Returns the beginning of an answer.
pub(in crate::provider_api) fn excerpt(text: &str) -> String {
    let text = text.trim();
    let ends = (0..=EXCERPT_BYTES.min(text.len())).rev();
    let end = ends.into_iter().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}
