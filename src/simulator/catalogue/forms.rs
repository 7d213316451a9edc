//! The order forms: which fields each service type asks for, and what counts as its quantity.

/// What an order of a type asks for besides `service`, and counts.
#[derive(Debug)]
pub(in crate::simulator) struct Form {
    /// The type's name, as most panels write it.
    pub(super) name: &'static str,
    /// Fields that must say something, besides link and quantity.
    pub(in crate::simulator) fields: &'static [&'static str],
    pub(in crate::simulator) amount: Amount,
}

/// What an order's quantity is, and with that whether it takes a `quantity` field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::simulator) enum Amount {
    /// The field `quantity`, times `runs` for drip-feed.
    Quantity,
    /// Always 1, at the price of the whole package.
    One,
    /// The number of lines of this field.
    Lines(&'static str),
    /// `max` for each of `posts`; takes a user name instead of a link.
    Posts,
}

const fn form(name: &'static str, amount: Amount, fields: &'static [&'static str]) -> Form {
    Form { name, fields, amount }
}

use Amount::{Lines, One, Posts, Quantity};

/// All known types; the first serves for unknown ones too.
pub(super) static FORMS: [Form; 17] = [
    form("Default", Quantity, &[]),
    form("Package", One, &[]),
    form("SEO", Quantity, &["keywords"]),
    form("Custom Comments", Lines("comments"), &["comments"]),
    form("Custom Comments Package", One, &["comments"]),
    form("Mentions", Quantity, &["usernames"]),
    form("Mentions with Hashtags", Quantity, &["usernames", "hashtags"]),
    form("Mentions Custom List", Lines("usernames"), &["usernames"]),
    form("Mentions Hashtag", Quantity, &["hashtag"]),
    form("Mentions User Followers", Quantity, &["username"]),
    form("Mentions Media Likers", Quantity, &["media"]),
    form("Comment Likes", Quantity, &["username"]),
    form("Poll", Quantity, &["answer_number"]),
    form("Comment Replies", Lines("comments"), &["username", "comments"]),
    form("Invites from Groups", Quantity, &["groups"]),
    form("Subscriptions", Posts, &["username", "min", "max", "delay"]),
    form("Web Traffic", Quantity, &["country", "device", "type_of_traffic"]),
];

/// The form of a type, whatever its case and separators.
pub(super) fn form_of(kind: &str) -> &'static Form {
    let wanted = squeeze(kind);
    let wanted = if wanted == "mentionswithlist" { "mentions" } else { &wanted };
    FORMS.iter().find(|form| squeeze(form.name) == wanted).unwrap_or(&FORMS[0])
}

fn squeeze(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_in_any_case_and_with_any_separators() {
        for name in ["Custom Comments", "custom_comments", "CUSTOM-COMMENTS"] {
            assert_eq!(form_of(name).name, "Custom Comments");
        }
        assert_eq!(form_of("Mentions (with list)").name, "Mentions");
        assert_eq!(form_of("Special").name, "Default");
    }
}
