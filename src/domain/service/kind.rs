use std::fmt;

use serde::{Deserialize, Serialize};

/// What the panel API calls a service's `type`: it decides which fields an order has.
///
/// Stored and shown as the provider writes it, compared by [`canonical`](Self::canonical) form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceKind(String);

/// The fields of an order besides `link`, by the panel API's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirements {
    /// The type's name in the stock documentation.
    pub name: &'static str,
    /// Where the number of units comes from.
    pub units: Units,
    /// Fields that must be given, `quantity` aside.
    pub required: &'static [&'static str],
    /// Fields that may be given.
    pub optional: &'static [&'static str],
}

/// Where an order's number of units comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// The `quantity` field, once per run of a drip-feed.
    Quantity,
    /// The number of lines of a field; no `quantity` is sent.
    Lines(&'static str),
    /// A whole package, priced as one.
    Package,
    /// At most `max` a post, for each of `posts`.
    Subscription,
}

const DRIP: &[&str] = &["runs", "interval"];

/// The stock types, from the table that panels publish as their API page.
const STOCK: &[Requirements] = &[
    row("Default", Units::Quantity, &[], DRIP),
    row("Package", Units::Package, &[], &[]),
    row("SEO", Units::Quantity, &["keywords"], &[]),
    row("Custom Comments", Units::Lines("comments"), &["comments"], &[]),
    row("Custom Comments Package", Units::Package, &["comments"], &[]),
    row("Mentions", Units::Quantity, &["usernames"], &[]),
    row("Mentions with Hashtags", Units::Quantity, &["usernames", "hashtags"], &[]),
    row("Mentions Custom List", Units::Lines("usernames"), &["usernames"], &[]),
    row("Mentions Hashtag", Units::Quantity, &["hashtag"], &[]),
    row("Mentions User Followers", Units::Quantity, &["username"], &[]),
    row("Mentions Media Likers", Units::Quantity, &["media"], &[]),
    row("Comment Likes", Units::Quantity, &["username"], &[]),
    row("Poll", Units::Quantity, &["answer_number"], &[]),
    row("Comment Replies", Units::Lines("comments"), &["username", "comments"], &[]),
    row("Invites from Groups", Units::Quantity, &["groups"], &[]),
    row(
        "Subscriptions",
        Units::Subscription,
        &["username", "min", "max", "delay"],
        &["posts", "old_posts", "expiry"],
    ),
    row(
        "Web Traffic",
        Units::Quantity,
        &["country", "device", "type_of_traffic"],
        &["google_keyword", "referring_url", "runs", "interval"],
    ),
];

/// Other spellings that panels use for a stock type, in canonical form.
const ALIASES: &[(&str, &str)] = &[
    ("mentionswithlist", "mentions"),
    ("invitesfromgroup", "invitesfromgroups"),
    ("subscription", "subscriptions"),
];

const fn row(
    name: &'static str,
    units: Units,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> Requirements {
    Requirements { name, units, required, optional }
}

impl ServiceKind {
    /// Takes a provider's word for the type.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The provider's own word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what an order of this type must carry; `None` for a type that nobody knows, which cannot be ordered.
    pub fn requirements(&self) -> Option<&'static Requirements> {
        let canonical = self.canonical();
        STOCK.iter().find(|stock| canonical_form(stock.name) == canonical)
    }

    /// Returns the word without case and separators, as types are compared: `custom_comments` is `Custom Comments`.
    pub fn canonical(&self) -> String {
        let form = canonical_form(&self.0);
        ALIASES
            .iter()
            .find(|(alias, _)| *alias == form)
            .map_or(form, |(_, stock)| (*stock).to_owned())
    }
}

fn canonical_form(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl PartialEq for ServiceKind {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Eq for ServiceKind {}

impl fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_vary_in_case_and_separators() {
        for text in ["Custom Comments", "custom_comments", "CUSTOM-COMMENTS", "CustomComments"] {
            assert_eq!(ServiceKind::new(text), ServiceKind::new("Custom Comments"));
            assert!(ServiceKind::new(text).requirements().is_some());
        }
        assert_ne!(ServiceKind::new("Custom Comments"), ServiceKind::new("Default"));
    }

    #[test]
    fn unknown_type_has_no_requirements() {
        assert_eq!(ServiceKind::new("Special").requirements(), None);
    }
}
