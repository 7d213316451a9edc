use std::str::FromStr;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{SecondsFormat, Utc};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateTime(pub(super) chrono::DateTime<Utc>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal(pub(super) rust_decimal::Decimal);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position(pub(super) i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BigInt(pub(super) i64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Json(pub(super) serde_json::Value);

/// Largest integer up to which a JSON number is exact in every client.
const MAX_EXACT: i64 = 1 << 53;

/// What to write instead, by the type that a validation error names.
const HINTS: &[(&str, &str)] = &[
    ("\"DateTime\"", "an instant such as \"2026-11-22T09:30:00Z\""),
    ("\"Decimal\"", "a decimal number as a string, such as \"0.27819\""),
    ("\"Position\"", "a position as a string, such as \"42\""),
    ("\"BigInt\"", "a whole number from -2^53 to 2^53"),
];

/// Says what a value of the type should look like that a validation error asks for.
pub(super) fn hint(message: &str) -> Option<&'static str> {
    HINTS.iter().find(|(name, _)| message.contains(name)).map(|(_, hint)| *hint)
}

fn parsed<T: FromStr>(value: &Value) -> Option<T> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn instant(value: &Value) -> Option<chrono::DateTime<Utc>> {
    match value {
        Value::String(text) => {
            chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
        }
        _ => None,
    }
}

fn position(value: &Value) -> Option<i64> {
    parsed(value).filter(|position| *position >= 0)
}

fn exact_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            number.as_i64().filter(|integer| (-MAX_EXACT..=MAX_EXACT).contains(integer))
        }
        _ => None,
    }
}

/// Validation has asked `is_valid` before, so that the error names the argument.
fn expected<T: async_graphql::InputType>(parsed: Option<T>, value: Value) -> InputValueResult<T> {
    parsed.ok_or_else(|| InputValueError::expected_type(value))
}

/// RFC 3339 instant in UTC.
#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        expected(instant(&value).map(Self), value)
    }

    fn is_valid(value: &Value) -> bool {
        instant(value).is_some()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// A decimal number as a string, `"0.27819"`; never a float.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        expected(parsed(&value).map(Self), value)
    }

    fn is_valid(value: &Value) -> bool {
        parsed::<rust_decimal::Decimal>(value).is_some()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.normalize().to_string())
    }
}

/// Place of an event in the journal: a gapless integer from 1, as a string.
#[Scalar(name = "Position")]
impl ScalarType for Position {
    fn parse(value: Value) -> InputValueResult<Self> {
        expected(position(&value).map(Self), value)
    }

    fn is_valid(value: &Value) -> bool {
        position(value).is_some()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An integer up to 2^53, as a JSON number: panels' limits exceed 32 bits.
#[Scalar(name = "BigInt")]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        expected(exact_integer(&value).map(Self), value)
    }

    fn is_valid(value: &Value) -> bool {
        exact_integer(value).is_some()
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// Any JSON value.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;
    use rust_decimal::dec;

    use super::*;

    #[test]
    fn decimal_is_a_string_and_never_a_number() {
        assert!(Decimal::is_valid(&value!("0.27819")));
        assert!(!Decimal::is_valid(&value!(0.27819)));
        assert!(!Decimal::is_valid(&value!("1e")));
        assert_eq!(Decimal(dec!(1.500)).to_value(), value!("1.5"));
    }

    #[test]
    fn big_integer_is_exact_in_every_client() {
        assert!(BigInt::is_valid(&value!(9_007_199_254_740_992_i64)));
        assert!(!BigInt::is_valid(&value!(9_007_199_254_740_993_i64)));
        assert!(!BigInt::is_valid(&value!(1.5)));
        assert!(!BigInt::is_valid(&value!("1")));
    }

    #[test]
    fn position_is_a_string_from_zero() {
        assert!(Position::is_valid(&value!("0")));
        assert!(!Position::is_valid(&value!("-1")));
        assert!(!Position::is_valid(&value!(1)));
    }

    #[test]
    fn instant_is_shown_in_utc() {
        let instant = instant(&value!("2026-11-22T10:30:00+01:00")).map(DateTime).unwrap();
        assert_eq!(instant.to_value(), value!("2026-11-22T09:30:00.000000Z"));
    }
}
