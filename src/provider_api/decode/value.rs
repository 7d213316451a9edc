//! Single values, read from their JSON text.

use std::str::FromStr;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::value::RawValue;

/// Longest order or service id, in bytes; known ones have up to 24.
const MAX_ID_BYTES: usize = 128;

/// What panels write for no id, besides zero.
const NO_IDS: [&str; 8] = ["null", "false", "true", "none", "undefined", "nan", "error", "fail"];

/// A value that is no text: an object, a list, or a string with half a character in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoText;

/// Returns a string's content, or a number's or boolean's own text; `None` for null.
///
/// U+0000, which the database's JSON cannot hold, is replaced.
pub(super) fn text(raw: &RawValue) -> Result<Option<String>, NoText> {
    match raw.get().as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(raw.get()).map_err(|_| NoText)?;
            Ok(Some(if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }))
        }
        Some(b'{' | b'[') => Err(NoText),
        _ if raw.get() == "null" => Ok(None),
        _ => Ok(Some(raw.get().to_owned())),
    }
}

/// Returns the decimal that a text holds, such as `0.90`, `-1` or `5.0e-7`.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    // The parser behind takes underscores too.
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    let parsed = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text),
        false => Decimal::from_str(text),
    };
    parsed.ok().map(|decimal| decimal.normalize())
}

/// Returns the whole number that a text holds, such as `100` or `100.0`; what is beyond the range is its end.
pub(super) fn whole(text: &str) -> Option<i64> {
    let number = decimal(text)?;
    if !number.fract().is_zero() {
        return None;
    }
    let end = if number.is_sign_negative() { i64::MIN } else { i64::MAX };
    Some(number.to_i64().unwrap_or(end))
}

/// Returns an opaque id: a positive whole number or a string without white space. Zero, an empty string, booleans and
/// words for nothing are none.
pub(super) fn id(raw: &RawValue) -> Option<String> {
    let text = text(raw).ok()??;
    let text = text.trim();
    match raw.get().starts_with('"') {
        true => is_id(text).then(|| text.to_owned()),
        false => whole_id(text),
    }
}

fn is_id(text: &str) -> bool {
    let is_word = NO_IDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    // Of ids in hex digits some read as zero times a power of ten, and are ids all the same.
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let is_zero_or_less = is_zero || (text.starts_with('-') && decimal(text).is_some());
    let is_broken = text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER);
    !(text.is_empty() || text.len() > MAX_ID_BYTES || is_word || is_zero_or_less || is_broken)
}

/// Digits are kept as they stand, however many; a number with a point or an exponent must be whole.
fn whole_id(text: &str) -> Option<String> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return is_id(text).then(|| text.to_owned());
    }
    let number = decimal(text).filter(|number| number.fract().is_zero())?;
    (number > Decimal::ZERO).then(|| number.to_string())
}

/// Returns what a value says of something that a panel has or has not; `None` where it says nothing that is known.
pub(super) fn flag(raw: Option<&RawValue>) -> Option<bool> {
    let text = text(raw?).ok()??;
    let text = text.trim();
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["true", "yes", "on"]) {
        return Some(true);
    }
    if is(&["false", "no", "off"]) {
        return Some(false);
    }
    decimal(text).map(|number| !number.is_zero())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;
    use test_case::test_case;

    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).expect(json)
    }

    #[test_case("0.90", Some(dec!(0.9)))]
    #[test_case(" 1 ", Some(dec!(1)))]
    #[test_case("0.00000001", Some(dec!(0.00000001)); "eight decimals")]
    #[test_case("5.0e-7", Some(dec!(0.0000005)); "a small exponent")]
    #[test_case("1E+20", Some(dec!(100_000_000_000_000_000_000)); "a large exponent")]
    #[test_case("0.1000000000000000055", Some(dec!(0.1000000000000000055)); "a float's digits")]
    #[test_case("-3.5", Some(dec!(-3.5)))]
    #[test_case("99999999999999999999999999999999", None; "too large")]
    #[test_case("1e99", None; "too large an exponent")]
    #[test_case("abc", None)]
    #[test_case("1_000", None)]
    #[test_case("1,000", None)]
    #[test_case("$1", None)]
    #[test_case("", None; "nothing")]
    #[test_case("-", None; "a sign")]
    #[test_case(".", None; "a point")]
    #[test_case("e5", None; "an exponent alone")]
    #[test_case("1e", None; "half an exponent")]
    fn decimal_is_read_from_its_text(text: &str, expected: Option<Decimal>) {
        assert_eq!(decimal(text), expected);
    }

    #[test_case("100", Some(100))]
    #[test_case("100.0", Some(100))]
    #[test_case("1e6", Some(1_000_000))]
    #[test_case("10000000000000000000000", Some(i64::MAX); "beyond the range")]
    #[test_case("10.5", None)]
    #[test_case("ten", None)]
    fn whole_number_is_read_from_its_text(text: &str, expected: Option<i64>) {
        assert_eq!(whole(text), expected);
    }

    #[test_case("true", Some(true))]
    #[test_case("1", Some(true))]
    #[test_case("\"1\"", Some(true); "one in quotes")]
    #[test_case("\"true\"", Some(true); "true in quotes")]
    #[test_case("30", Some(true))]
    #[test_case("false", Some(false))]
    #[test_case("0", Some(false))]
    #[test_case("\"0\"", Some(false); "zero in quotes")]
    #[test_case("\"False\"", Some(false); "false in quotes")]
    #[test_case("null", None)]
    #[test_case("\"\"", None; "nothing in quotes")]
    #[test_case("\"R30\"", None; "an unknown word")]
    #[test_case("[]", None; "a list")]
    fn flag_is_read_from_any_spelling(json: &str, expected: Option<bool>) {
        assert_eq!(flag(Some(&raw(json))), expected);
    }

    #[test]
    fn absent_flag_says_nothing() {
        assert_eq!(flag(None), None);
    }

    #[test]
    fn text_without_half_characters_and_nul_is_taken() {
        assert_eq!(text(&raw("\"a\\u0000b\"")), Ok(Some("a\u{FFFD}b".to_owned())));
        assert_eq!(text(&raw("\"\\ud83d\\ude00\"")), Ok(Some("😀".to_owned())));
        assert_eq!(text(&raw("\"\\ud83d\"")), Err(NoText));
        assert_eq!(text(&raw("1.50")), Ok(Some("1.50".to_owned())));
        assert_eq!(text(&raw("null")), Ok(None));
    }

    proptest! {
        #[test]
        fn no_text_makes_decimals_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = decimal(&text);
            let _ = whole(&text);
        }
    }
}
