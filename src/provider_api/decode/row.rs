//! One row of a catalogue.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::value;
use crate::domain::service::{ServiceKind, ServiceListing, Units};

/// Largest limit that every reader of JSON holds exactly; panels write nines for "no limit".
const MAX_LIMIT: i64 = (1 << 53) - 1;

/// Longest name or category, in characters.
const MAX_TEXT_CHARS: usize = 1_000;

/// Longest part of a wrong value that is shown, in characters.
const SHOWN_CHARS: usize = 60;

/// Why a row cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RowFault {
    #[error("`{0}` is no service: rows are objects")]
    NoObject(String),
    #[error("`service` is missing or no id")]
    NoId,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is no readable text")]
    NoText(&'static str),
    #[error("{field} `{value}` is no decimal")]
    NoDecimal { field: &'static str, value: String },
    #[error("{field} `{value}` is no whole number")]
    NoWholeNumber { field: &'static str, value: String },
    #[error("{field} `{value}` is negative")]
    Negative { field: &'static str, value: String },
    #[error("min {min} is over max {max}")]
    MinOverMax { min: i64, max: i64 },
    #[error("the id was given before, in row {first}")]
    Repeated { first: usize },
}

/// A row's members, undecoded, so that one that cannot be read is named and the rest stays.
#[derive(Debug, Deserialize)]
pub(super) struct Row<'a> {
    #[serde(borrow, default)]
    service: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    category: Option<&'a RawValue>,
    #[serde(borrow, default)]
    rate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    min: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refill: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cancel: Option<&'a RawValue>,
    #[serde(borrow, default)]
    dripfeed: Option<&'a RawValue>,
}

impl<'a> Row<'a> {
    pub(super) fn parse(raw: &'a RawValue) -> Result<Self, RowFault> {
        match raw.get().starts_with('{') {
            true => {
                serde_json::from_str(raw.get()).map_err(|_| RowFault::NoObject(shown(raw.get())))
            }
            false => Err(RowFault::NoObject(shown(raw.get()))),
        }
    }

    pub(super) fn id(&self) -> Option<String> {
        value::id(self.service?)
    }

    /// Reads the row as a service with the given id.
    pub(super) fn listing(&self, id: String) -> Result<ServiceListing, RowFault> {
        let kind = text("type", self.kind)?.unwrap_or_else(|| "Default".to_owned());
        let kind = ServiceKind::new(kind);
        let (min, max) = limits(self.min, self.max, &kind)?;
        Ok(ServiceListing {
            name: text("name", self.name)?.unwrap_or_else(|| format!("Service {id}")),
            category: text("category", self.category)?
                .unwrap_or_else(|| "Uncategorised".to_owned()),
            kind,
            rate: rate(self.rate)?,
            min,
            max,
            refill: value::flag(self.refill).unwrap_or(false),
            cancel: value::flag(self.cancel),
            dripfeed: value::flag(self.dripfeed).unwrap_or(false),
            provider_service_id: id,
        })
    }
}

/// Returns a text that says something, trimmed.
fn text(field: &'static str, raw: Option<&RawValue>) -> Result<Option<String>, RowFault> {
    let Some(raw) = raw else { return Ok(None) };
    let text = value::text(raw).map_err(|_| RowFault::NoText(field))?.unwrap_or_default();
    let text = text.trim();
    Ok((!text.is_empty()).then(|| shortened(text, MAX_TEXT_CHARS)))
}

fn rate(raw: Option<&RawValue>) -> Result<Decimal, RowFault> {
    let field = "rate";
    let text = text(field, raw)?.ok_or(RowFault::Missing(field))?;
    let Some(rate) = value::decimal(&text) else {
        return Err(RowFault::NoDecimal { field, value: shown(&text) });
    };
    match rate < Decimal::ZERO {
        true => Err(RowFault::Negative { field, value: shown(&text) }),
        false => Ok(rate),
    }
}

/// An absent min is 1; an absent max is 1 too where a package is sold whole, and missing elsewhere.
fn limits(
    min: Option<&RawValue>,
    max: Option<&RawValue>,
    kind: &ServiceKind,
) -> Result<(i64, i64), RowFault> {
    let is_package = || kind.requirements().is_some_and(|fields| fields.units == Units::Package);
    let min = limit("min", min)?.unwrap_or(1);
    let max = match limit("max", max)? {
        Some(max) => max,
        None if is_package() => min,
        None => return Err(RowFault::Missing("max")),
    };
    if min > max { Err(RowFault::MinOverMax { min, max }) } else { Ok((min, max)) }
}

fn limit(field: &'static str, raw: Option<&RawValue>) -> Result<Option<i64>, RowFault> {
    let Some(text) = text(field, raw)? else { return Ok(None) };
    match value::whole(&text) {
        None => Err(RowFault::NoWholeNumber { field, value: shown(&text) }),
        Some(..0) => Err(RowFault::Negative { field, value: shown(&text) }),
        Some(limit) => Ok(Some(limit.min(MAX_LIMIT))),
    }
}

fn shown(text: &str) -> String {
    shortened(text, SHOWN_CHARS)
}

fn shortened(text: &str, max_chars: usize) -> String {
    // No text has more characters than bytes.
    if text.len() <= max_chars {
        return text.to_owned();
    }
    text.chars().take(max_chars).collect()
}
