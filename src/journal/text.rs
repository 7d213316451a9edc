//! What PostgreSQL's `jsonb` cannot hold.

/// Tells whether a JSON text contains an escaped U+0000.
///
/// A backslash that is itself escaped does not begin an escape, so `"\\u0000"` is six harmless characters.
pub(super) fn holds_nul(json: &str) -> bool {
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with("u0000") {
            return true;
        }
        let mut characters = escape.chars();
        characters.next();
        rest = characters.as_str();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_nul_is_found() {
        let json = serde_json::to_string(&["a\u{0}b"]).expect("a text serialises");
        assert!(holds_nul(&json));
        assert!(holds_nul(r#"{"a":"\\\u0000"}"#));
    }

    #[test]
    fn escaped_backslash_before_the_digits_is_harmless() {
        let json = serde_json::to_string(&["a\\u0000b"]).expect("a text serialises");
        assert!(!holds_nul(&json));
        assert!(!holds_nul(r#"{"a":"é\n\"u0000"}"#));
    }
}
