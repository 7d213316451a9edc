//! What an order of each service type must carry, and how many units that makes.

use std::collections::BTreeMap;

use super::super::{InvalidLink, Link, charge_for};
use crate::domain::{
    routing::Request,
    service::{Requirements, ServiceKind, Units},
};
use rust_decimal::Decimal;

/// Longest field, in bytes; comment lists are the longest that customers send.
const MAX_FIELD_BYTES: usize = 256 * 1024;

/// A customer's request, as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderRequest {
    /// What to work on; for subscriptions the user name.
    pub link: String,
    /// Units, where the type has a quantity.
    pub quantity: Option<i64>,
    /// The type's other fields, by the panel API's names.
    pub fields: BTreeMap<String, String>,
}

/// A customer's request that fits its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFields {
    /// What to work on.
    pub link: Link,
    /// Units in all runs; a package counts as 1.
    pub quantity: i64,
    /// Units in one run; `None` for a package.
    pub per_run: Option<i64>,
    /// What is sent to a provider besides service and link.
    pub sent: BTreeMap<String, String>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFields {
    /// Nobody knows what such an order must carry.
    #[error("services of type `{0}` cannot be ordered: the type is unknown")]
    UnknownKind(String),
    /// The link cannot be used.
    #[error(transparent)]
    Link(#[from] InvalidLink),
    /// A field that the type asks for is absent.
    #[error("`{field}` is missing: an order of type {kind} needs it")]
    Missing {
        /// Which.
        field: String,
        /// The type.
        kind: &'static str,
    },
    /// A field that the type does not have.
    #[error("`{field}` is not a field of type {kind}, which takes: {takes}")]
    Unexpected {
        /// Which.
        field: String,
        /// The type.
        kind: &'static str,
        /// What it takes.
        takes: String,
    },
    /// A field whose value does not do.
    #[error("`{field}` {problem}")]
    Value {
        /// Which.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl InvalidFields {
    /// Returns the name of the field at fault, as clients send it.
    pub fn field(&self) -> &str {
        match self {
            Self::UnknownKind(_) => "serviceId",
            Self::Link(_) => "link",
            Self::Missing { field, .. }
            | Self::Unexpected { field, .. }
            | Self::Value { field, .. } => field,
        }
    }

    fn value(field: &str, problem: impl Into<String>) -> Self {
        Self::Value { field: field.to_owned(), problem: problem.into() }
    }
}

impl OrderFields {
    /// Holds a request against a service's type and limits.
    ///
    /// # Errors
    /// [`InvalidFields`] names the first field at fault.
    pub fn try_new(
        kind: &ServiceKind,
        (min, max): (i64, i64),
        request: OrderRequest,
    ) -> Result<Self, InvalidFields> {
        let Some(requirements) = kind.requirements() else {
            return Err(InvalidFields::UnknownKind(kind.to_string()));
        };
        let (link, given) = link_and_fields(requirements, request)?;
        let mut sent = given.fields;
        only_known(requirements, &sent)?;
        all_present(requirements, &sent)?;
        well_formed(&sent)?;
        let (quantity, per_run) = units(requirements, given.quantity, &mut sent)?;
        if let Some(units) = per_run.filter(|units| !(min..=max).contains(units)) {
            let field = match requirements.units {
                Units::Lines(field) => field,
                Units::Subscription => "max",
                Units::Quantity | Units::Package => "quantity",
            };
            let problem = format!("makes {units} units, the service takes {min} to {max}");
            return Err(InvalidFields::value(field, problem));
        }
        Ok(Self { link, quantity, per_run, sent })
    }

    /// Returns what the order asks of a candidate.
    pub fn request(&self) -> Request {
        Request {
            units_per_run: self.per_run,
            total_units: self.quantity,
            package: self.per_run.is_none(),
            dripfeed: self.sent.contains_key("runs"),
            order: None,
        }
    }

    /// Returns what the request costs at a price per 1000, or of a whole package.
    pub fn charge(&self, price: Decimal) -> Decimal {
        if self.per_run.is_none() { price } else { charge_for(price, self.quantity) }
    }
}

/// Subscriptions work on a user: the link stands for the user name where that is not given by itself.
fn link_and_fields(
    requirements: &Requirements,
    mut request: OrderRequest,
) -> Result<(Link, OrderRequest), InvalidFields> {
    for value in request.fields.values_mut() {
        *value = tidy(value);
    }
    request.fields.retain(|_, value| !value.is_empty());
    if requirements.units == Units::Subscription {
        let username = request.fields.entry("username".to_owned());
        let username = username.or_insert_with(|| request.link.trim().to_owned()).clone();
        return Ok((Link::try_new(&username)?, request));
    }
    Ok((Link::try_new(&request.link)?, request))
}

/// Trims a text, and each line of a list; blank lines go.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> =
        text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn only_known(
    requirements: &Requirements,
    fields: &BTreeMap<String, String>,
) -> Result<(), InvalidFields> {
    let takes: Vec<&str> =
        requirements.required.iter().chain(requirements.optional).copied().collect();
    match fields.keys().find(|field| !takes.contains(&field.as_str())) {
        None => Ok(()),
        Some(field) => Err(InvalidFields::Unexpected {
            field: field.clone(),
            kind: requirements.name,
            takes: if takes.is_empty() { "no others".to_owned() } else { takes.join(", ") },
        }),
    }
}

fn all_present(
    requirements: &Requirements,
    fields: &BTreeMap<String, String>,
) -> Result<(), InvalidFields> {
    let by_traffic_type = match fields.get("type_of_traffic").map(String::as_str) {
        Some("1") => Some("google_keyword"),
        Some("2") => Some("referring_url"),
        _ => None,
    };
    let by_dripfeed = match (fields.contains_key("runs"), fields.contains_key("interval")) {
        (true, false) => Some("interval"),
        (false, true) => Some("runs"),
        _ => None,
    };
    let mut needed =
        requirements.required.iter().copied().chain(by_traffic_type).chain(by_dripfeed);
    match needed.find(|field| !fields.contains_key(*field)) {
        None => Ok(()),
        Some(field) => {
            Err(InvalidFields::Missing { field: field.to_owned(), kind: requirements.name })
        }
    }
}

fn well_formed(fields: &BTreeMap<String, String>) -> Result<(), InvalidFields> {
    for (field, value) in fields {
        if value.len() > MAX_FIELD_BYTES {
            let problem = format!("has {} bytes, at most {MAX_FIELD_BYTES} are taken", value.len());
            return Err(InvalidFields::value(field, problem));
        }
        if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(InvalidFields::value(field, "contains a control character"));
        }
        match field.as_str() {
            "runs" | "interval" | "max" | "answer_number" => at_least(field, value, 1)?,
            "min" | "delay" | "posts" | "old_posts" => at_least(field, value, 0)?,
            "device" => one_of(field, value, &["1", "2", "3", "4", "5"])?,
            "type_of_traffic" => one_of(field, value, &["1", "2", "3"])?,
            "expiry" => a_date(field, value)?,
            _ => {}
        }
    }
    Ok(())
}

fn at_least(field: &str, value: &str, least: i64) -> Result<(), InvalidFields> {
    match value.parse::<i64>() {
        Ok(number) if (least..=1_000_000_000).contains(&number) => Ok(()),
        _ => Err(InvalidFields::value(
            field,
            format!("is `{}`: give a whole number from {least}", shortened(value)),
        )),
    }
}

fn one_of(field: &str, value: &str, choices: &[&str]) -> Result<(), InvalidFields> {
    if choices.contains(&value) {
        return Ok(());
    }
    let problem = format!("is `{}`: give one of {}", shortened(value), choices.join(", "));
    Err(InvalidFields::value(field, problem))
}

fn a_date(field: &str, value: &str) -> Result<(), InvalidFields> {
    chrono::NaiveDate::parse_from_str(value, "%d/%m/%Y").map(drop).map_err(|_| {
        let problem = format!("is `{}`: give a date as day/month/year", shortened(value));
        InvalidFields::value(field, problem)
    })
}

fn shortened(value: &str) -> String {
    value.chars().take(40).collect()
}

/// Returns the units in all and in one run, and puts the quantity among what is sent where the type has one.
fn units(
    requirements: &Requirements,
    quantity: Option<i64>,
    sent: &mut BTreeMap<String, String>,
) -> Result<(i64, Option<i64>), InvalidFields> {
    match requirements.units {
        Units::Quantity => {
            let Some(quantity) = quantity else {
                let field = "quantity".to_owned();
                return Err(InvalidFields::Missing { field, kind: requirements.name });
            };
            if quantity < 1 {
                return Err(InvalidFields::value("quantity", "must be 1 or more"));
            }
            sent.insert("quantity".to_owned(), quantity.to_string());
            let total = quantity.checked_mul(number(sent, "runs", 1));
            let total =
                total.ok_or_else(|| InvalidFields::value("runs", "makes too many units"))?;
            Ok((total, Some(quantity)))
        }
        Units::Lines(field) => {
            let lines = sent.get(field).map_or(0, |text| text.lines().count());
            let lines = i64::try_from(lines).unwrap_or(i64::MAX);
            matches_count(quantity, lines, field)?;
            Ok((lines, Some(lines)))
        }
        Units::Package => {
            matches_count(quantity, 1, "a package")?;
            Ok((1, None))
        }
        Units::Subscription => {
            let (min, max) = (number(sent, "min", 0), number(sent, "max", 0));
            if min > max {
                return Err(InvalidFields::value("min", format!("is over `max`, {max}")));
            }
            let total = max.checked_mul(number(sent, "posts", 1).max(1));
            let total =
                total.ok_or_else(|| InvalidFields::value("posts", "makes too many units"))?;
            Ok((total, Some(max)))
        }
    }
}

fn number(fields: &BTreeMap<String, String>, field: &str, otherwise: i64) -> i64 {
    fields.get(field).and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Types without a quantity of their own take one only where it says the same.
fn matches_count(quantity: Option<i64>, count: i64, of: &str) -> Result<(), InvalidFields> {
    match quantity {
        Some(quantity) if quantity != count => {
            let problem = format!("is {quantity}, but {of} makes {count}: leave it out");
            Err(InvalidFields::value("quantity", problem))
        }
        _ => Ok(()),
    }
}
