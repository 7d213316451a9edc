//! Keeps a provider's key out of every text that leaves this module: providers echo it in errors and pages.

use secrecy::{ExposeSecret, SecretString};

/// Longest text that leaves, in characters.
const MAX_CHARS: usize = 500;

/// Shortest key that is looked for in names and ids too; a shorter one would garble them, and hides nothing.
const UNMISTAKABLE: usize = 8;

/// Knows a key in the forms in which it may come back.
#[derive(Debug)]
pub(super) struct Redactor {
    /// Longest first, so that no form is cut apart by a shorter one inside it.
    forms: Vec<SecretString>,
    unmistakable: bool,
}

impl Redactor {
    pub(super) fn new(key: &SecretString) -> Self {
        let key = key.expose_secret();
        let mut forms = encodings_of(key);
        forms.retain(|form| !form.is_empty());
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self {
            forms: forms.into_iter().map(SecretString::from).collect(),
            unmistakable: key.len() >= UNMISTAKABLE,
        }
    }

    /// Returns a sentence fit for logs, events and answers: without the key, on one line, of at most 500 characters.
    pub(super) fn words(&self, text: &str) -> String {
        cut(&on_one_line(&self.without_key(text)), MAX_CHARS)
    }

    /// Replaces the key, where it is long enough not to be taken for a part of something else.
    pub(super) fn clean(&self, text: &mut String) {
        if self.unmistakable && self.occurs_in(text) {
            *text = self.without_key(text);
        }
    }

    /// The same in an answer that has not been read yet.
    pub(super) fn clean_bytes(&self, bytes: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(bytes);
        if self.is_echoed_in(&text) {
            *bytes = self.without_key(&text).into_bytes();
        }
    }

    /// Tells whether a text holds a key that is long enough not to be taken for a part of something else.
    pub(super) fn is_echoed_in(&self, text: &str) -> bool {
        self.unmistakable && self.occurs_in(text)
    }

    fn occurs_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.expose_secret()))
    }

    fn without_key(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_owned(), |text, form| {
            if text.contains(form.expose_secret()) {
                text.replace(form.expose_secret(), "[key]")
            } else {
                text
            }
        })
    }
}

fn encodings_of(key: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let json = serde_json::Value::from(key).to_string();
    let json = json.trim_matches('"').to_owned();
    let html = key.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html_quotes = html.replace('"', "&quot;").replace('\'', "&#039;");
    vec![
        key.to_owned(),
        lower_case_hex(&form),
        lower_case_hex(&percent),
        form,
        percent,
        json.replace('/', "\\/"),
        json,
        html,
        html_quotes,
    ]
}

/// Writes `%2F` as `%2f` and leaves all else.
fn lower_case_hex(encoded: &str) -> String {
    let mut digits = 0;
    encoded
        .chars()
        .map(|c| {
            if c == '%' {
                digits = 2;
                return c;
            }
            let is_hex = digits > 0;
            digits -= i32::from(is_hex);
            if is_hex { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}

/// Folds white space and control characters, which would break logs and terminals, into single spaces.
fn on_one_line(text: &str) -> String {
    let text = text.replace('\0', "\u{FFFD}");
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns at most `max` characters, the last of which shows that there was more.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(key: &str) -> Redactor {
        Redactor::new(&key.into())
    }

    #[test]
    fn key_is_replaced_in_every_form_in_which_it_may_come_back() {
        let key = "s3cr/et \"k\"&<é>+";
        let redactor = redactor(key);
        let json = serde_json::Value::from(key).to_string();
        for echo in [
            key.to_owned(),
            url::form_urlencoded::byte_serialize(key.as_bytes()).collect(),
            "s3cr%2fet%20%22k%22%26%3c%c3%a9%3e%2b".to_owned(),
            json.trim_matches('"').to_owned(),
            json.trim_matches('"').replace('/', "\\/"),
            "s3cr/et &quot;k&quot;&amp;&lt;é&gt;+".to_owned(),
        ] {
            let words = redactor.words(&format!("Invalid key {echo}, sorry"));
            assert_eq!(words, "Invalid key [key], sorry");
        }
    }

    #[test]
    fn key_at_the_cut_leaves_no_part_of_itself() {
        let redactor = redactor("abcdefghijklmnop");
        let words = redactor.words(&format!("{} abcdefghijklmnop", "x".repeat(490)));
        assert!(!words.contains("abc"), "{words}");
    }

    #[test]
    fn text_is_cut_to_500_characters_on_one_line() {
        let redactor = redactor("k3y");
        assert_eq!(redactor.words(" a\r\n\tb\u{1b}[31m\0 "), "a b [31m\u{FFFD}");
        let words = redactor.words(&"é".repeat(501));
        assert_eq!(words.chars().count(), 500);
        assert!(words.ends_with('…'));
    }

    #[test]
    fn empty_key_replaces_nothing() {
        assert_eq!(redactor("").words("Invalid API key"), "Invalid API key");
    }

    #[test]
    fn short_key_does_not_garble_names() {
        let mut name = "demo views".to_owned();
        redactor("demo").clean(&mut name);
        assert_eq!(name, "demo views");
        redactor("demo views").clean(&mut name);
        assert_eq!(name, "[key]");
    }
}
