use std::{collections::HashMap, fmt};

use serde_json::value::RawValue;

use super::{
    Members, Reply, Unexpected, excerpt,
    row::{Row, RowFault},
};
use crate::{
    domain::service::{ServiceKind, ServiceListing},
    provider_api::{redact::Redactor, transport::Answer},
};

/// A provider's list of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// The rows that could be read, at least one, in the provider's order; no id occurs twice.
    pub rows: Vec<ServiceListing>,
    /// The rows that could not.
    pub errors: Vec<RowError>,
}

/// Why a row of a list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Its place in the list, from 1.
    pub row: usize,
    /// The service's id, where that much could be read: the row still says that the service is listed.
    pub provider_service_id: Option<String>,
    /// The whole sentence, such as ``row 17 (service 901): rate `abc` is no decimal``.
    pub message: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl RowError {
    fn new(row: usize, id: Option<&str>, fault: &RowFault) -> Self {
        let message = match id {
            Some(id) => format!("row {row} (service {id}): {fault}"),
            None => format!("row {row}: {fault}"),
        };
        Self { row, provider_service_id: id.map(str::to_owned), message }
    }
}

impl Catalogue {
    /// Takes the key out of every text.
    pub(in crate::provider_api) fn clean(&mut self, redactor: &Redactor) {
        for row in &mut self.rows {
            redactor.clean(&mut row.provider_service_id);
            redactor.clean(&mut row.name);
            redactor.clean(&mut row.category);
            let mut kind = row.kind.as_str().to_owned();
            if redactor.is_echoed_in(&kind) {
                redactor.clean(&mut kind);
                row.kind = ServiceKind::new(kind);
            }
        }
        for error in &mut self.errors {
            error.message = redactor.words(&error.message);
        }
    }
}

/// Reads the reply to `services`.
pub(in crate::provider_api) fn catalogue(answer: &Answer) -> Result<Catalogue, Unexpected> {
    let text = answer.text();
    match Reply::parse(&text) {
        Some(Reply::List(rows)) => of_rows(&rows),
        Some(Reply::Object(members)) => of_object(&members, &text, answer.status),
        Some(_) => Err(Unexpected::NoList { status: answer.status, begins: excerpt(&text) }),
        None => Err(Unexpected::not_json(answer)),
    }
}

fn of_object(members: &Members<'_>, text: &str, status: u16) -> Result<Catalogue, Unexpected> {
    if let Some(words) = members.error() {
        return Err(Unexpected::error(words, status));
    }
    if let Some(Reply::List(rows)) = members.get("data").and_then(|data| Reply::parse(data.get())) {
        return of_rows(&rows);
    }
    match members.words("data") {
        Some(words) if words.trim().eq_ignore_ascii_case("empty data") => {
            Err(Unexpected::EmptyList)
        }
        _ => Err(Unexpected::NoList { status, begins: excerpt(text) }),
    }
}

fn of_rows(raw: &[&RawValue]) -> Result<Catalogue, Unexpected> {
    if raw.is_empty() {
        return Err(Unexpected::EmptyList);
    }
    let mut catalogue = Catalogue { rows: Vec::with_capacity(raw.len()), errors: vec![] };
    let mut row_of_id = HashMap::with_capacity(raw.len());
    for (row, raw) in (1..).zip(raw) {
        match read_row(row, raw, &mut row_of_id) {
            Ok(listing) => catalogue.rows.push(listing),
            Err(error) => catalogue.errors.push(error),
        }
    }
    match catalogue.errors.first() {
        Some(first) if catalogue.rows.is_empty() => {
            Err(Unexpected::NoReadableRow { rows: raw.len(), first: first.message.clone() })
        }
        _ => Ok(catalogue),
    }
}

/// Of rows with the same id the first readable one counts.
fn read_row(
    row: usize,
    raw: &RawValue,
    row_of_id: &mut HashMap<String, usize>,
) -> Result<ServiceListing, RowError> {
    let members = Row::parse(raw).map_err(|fault| RowError::new(row, None, &fault))?;
    let id = members.id().ok_or_else(|| RowError::new(row, None, &RowFault::NoId))?;
    if let Some(first) = row_of_id.get(&id) {
        return Err(RowError::new(row, Some(&id), &RowFault::Repeated { first: *first }));
    }
    match members.listing(id.clone()) {
        Ok(listing) => {
            row_of_id.insert(id, row);
            Ok(listing)
        }
        Err(fault) => Err(RowError::new(row, Some(&id), &fault)),
    }
}
