//! A row as the panel's own till reads it.

use rust_decimal::Decimal;
use serde_json::Value;

use super::forms::{Amount, Form, form_of};

/// What can be ordered under a service id.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Product {
    /// The id as text, however the row writes it.
    pub(in crate::simulator) service: String,
    pub(in crate::simulator) form: &'static Form,
    /// The price of one unit.
    pub(in crate::simulator) unit_price: Decimal,
    pub(in crate::simulator) min: u64,
    pub(in crate::simulator) max: u64,
    pub(in crate::simulator) refill: bool,
    pub(in crate::simulator) cancel: bool,
}

impl Product {
    /// Reads a row; `None` where something that a sale needs is missing.
    pub(in crate::simulator) fn read(row: &Value) -> Option<Self> {
        let form = form_of(row["type"].as_str().unwrap_or_default());
        let rate = decimal(&text(&row["rate"])?)?;
        Some(Self {
            service: row_id(row)?,
            form,
            unit_price: match form.amount {
                Amount::One => rate,
                _ => rate / Decimal::ONE_THOUSAND,
            },
            min: text(&row["min"])?.parse().ok()?,
            max: text(&row["max"])?.parse().ok()?,
            refill: is_yes(&row["refill"]),
            cancel: is_yes(&row["cancel"]),
        })
    }
}

/// The id of a row as text, if it has one.
pub(in crate::simulator) fn row_id(row: &Value) -> Option<String> {
    text(&row["service"])
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    text.parse()
        .ok()
        .or_else(|| Decimal::from_scientific(text).ok())
        .filter(|rate| !rate.is_sign_negative())
}

fn is_yes(value: &Value) -> bool {
    value == &Value::Bool(true) || text(value).is_some_and(|text| text == "1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_read_whether_it_holds_strings_or_numbers() {
        let strings = json!({"service": "7", "type": "Default", "rate": "0.90", "min": "10", "max": "10000000000", "refill": "1"});
        let numbers = json!({"service": 7, "type": "default", "rate": 0.9, "min": 10, "max": 10_000_000_000_u64, "refill": true});
        for row in [strings, numbers] {
            let product = Product::read(&row).unwrap();
            assert_eq!(
                (product.service.as_str(), product.min, product.max),
                ("7", 10, 10_000_000_000)
            );
            assert_eq!(product.unit_price, Decimal::new(9, 4));
            assert!(product.refill && !product.cancel);
        }
    }

    #[test]
    fn a_row_without_a_price_cannot_be_sold() {
        assert!(
            Product::read(&json!({"service": 7, "type": "Default", "min": 1, "max": 2})).is_none()
        );
        assert!(Product::read(&json!(null)).is_none());
    }
}
