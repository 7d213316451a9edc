//! A whole reply, and the places in which panels put an order's id and an error's words.

use std::{borrow::Cow, collections::HashMap};

use serde_json::value::RawValue;

use super::value;

/// A reply that is JSON.
#[derive(Debug)]
pub(in crate::provider_api) enum Reply<'a> {
    Object(Members<'a>),
    List(Vec<&'a RawValue>),
    Text(String),
    /// A number, a boolean or null.
    Other,
}

/// The members of an object, undecoded: an unreadable one must not hide the others.
#[derive(Debug)]
pub(in crate::provider_api) struct Members<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

/// Words that say that something failed, but not what.
const FAILURE_WORDS: [&str; 4] = ["error", "fail", "failed", "failure"];

/// What else says in place of an error that there is one.
const FLAGS: [&str; 3] = ["true", "yes", "1"];

/// Words that say that there is none.
const GOOD_WORDS: [&str; 5] = ["success", "ok", "true", "1", "200"];

/// Where the words stand inside an `error` that is an object, and beside one that says nothing.
const PLACES_OF_WORDS: [&str; 5] = ["message", "msg", "error", "error_message", "text"];

impl<'a> Reply<'a> {
    /// Reads a reply; `None` where it is not JSON from the first character to the last.
    pub(in crate::provider_api) fn parse(text: &'a str) -> Option<Self> {
        match text.trim_start().as_bytes().first()? {
            b'{' => serde_json::from_str(text).ok().map(|members| Self::Object(Members(members))),
            b'[' => serde_json::from_str(text).ok().map(Self::List),
            b'"' => serde_json::from_str(text).ok().map(Self::Text),
            _ => serde_json::from_str::<&RawValue>(text).ok().map(|_| Self::Other),
        }
    }
}

impl<'a> Members<'a> {
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        match Reply::parse(raw.get())? {
            Reply::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns a member that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    /// Returns a member's text, where it has one that says something.
    pub(super) fn words(&self, name: &str) -> Option<String> {
        let words = value::text(self.get(name)?).ok()??;
        (!words.trim().is_empty()).then_some(words)
    }

    /// Returns the order's id from the places that are named after it.
    pub(in crate::provider_api) fn order_id(&self) -> Option<String> {
        let own = ["order", "order_id"].into_iter().find_map(|name| value::id(self.get(name)?));
        own.or_else(|| {
            let data = Self::of(self.get("data")?)?;
            ["order", "order_id"].into_iter().find_map(|name| value::id(data.get(name)?))
        })
    }

    /// Returns an `id` that is most likely the order's.
    pub(in crate::provider_api) fn bare_id(&self) -> Option<String> {
        value::id(self.get("id")?)
    }

    /// Returns the words of the error, where the reply is one.
    ///
    /// What `error` itself says counts; words beside it only where it says nothing, or where it is absent and nothing
    /// says success. An error of an unknown shape is its own JSON.
    pub(in crate::provider_api) fn error(&self) -> Option<String> {
        match self.stated_error() {
            None if !self.says_success() => self.words_beside(),
            stated => stated,
        }
    }

    /// Returns what `error` says, with the words beside it where it says only that there is one.
    pub(super) fn stated_error(&self) -> Option<String> {
        let error = ["error", "errors"].into_iter().find_map(|name| Error::of(self.get(name)?));
        match error? {
            Error::Words(words) => Some(words),
            Error::Flag(flag) => Some(self.words_beside().unwrap_or(flag)),
        }
    }

    /// Returns the words beside a `status` that says that the call failed, and not how an order stands: nothing else is
    /// said of one.
    pub(super) fn words_of_failure(&self) -> Option<String> {
        let status = self.words("status")?.trim().to_lowercase();
        let of_an_order = ["charge", "start_count", "remains"];
        if !FAILURE_WORDS.contains(&status.as_str())
            || of_an_order.iter().any(|name| self.0.contains_key(*name))
        {
            return None;
        }
        self.words_beside()
    }

    /// Tells whether the reply says elsewhere that there is no order: by a status, or by an order id that is none.
    pub(in crate::provider_api) fn belies_its_id(&self) -> bool {
        let said = |name: &str| self.words(name).map(|word| word.trim().to_lowercase());
        said("success").is_some_and(|word| word == "false" || word == "0")
            || said("status").is_some_and(|word| FAILURE_WORDS.contains(&word.as_str()))
            || ["order", "order_id"].into_iter().any(|name| self.get(name).is_some())
    }

    pub(super) fn says_success(&self) -> bool {
        ["status", "success"]
            .into_iter()
            .filter_map(|name| self.words(name))
            .any(|word| GOOD_WORDS.iter().any(|good| word.trim().eq_ignore_ascii_case(good)))
    }

    fn words_beside(&self) -> Option<String> {
        ["msg", "message", "error_message"].into_iter().find_map(|name| self.words(name))
    }
}

/// What an `error` member says.
enum Error {
    Words(String),
    /// Only that there is one.
    Flag(String),
}

impl Error {
    fn of(raw: &RawValue) -> Option<Self> {
        match Reply::parse(raw.get()) {
            Some(Reply::Object(members)) if members.0.is_empty() => None,
            Some(Reply::List(items)) if items.is_empty() => None,
            Some(Reply::Object(members)) => {
                let words = PLACES_OF_WORDS.into_iter().find_map(|name| members.words(name));
                Some(Self::Words(words.unwrap_or_else(|| raw.get().to_owned())))
            }
            Some(Reply::List(items)) => match &items[..] {
                [only] => Self::of(only),
                _ => Some(Self::Words(raw.get().to_owned())),
            },
            _ => Self::of_word(raw),
        }
    }

    fn of_word(raw: &RawValue) -> Option<Self> {
        let Ok(word) = value::text(raw) else { return Some(Self::Words(raw.get().to_owned())) };
        let word = word?;
        let lower = word.trim().to_lowercase();
        match lower.as_str() {
            "" | "false" | "0" => None,
            lower if FAILURE_WORDS.contains(&lower) || FLAGS.contains(&lower) => {
                Some(Self::Flag(word))
            }
            _ => Some(Self::Words(word)),
        }
    }
}
