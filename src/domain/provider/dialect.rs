use serde::{Deserialize, Serialize};

/// How a panel wants to be called. The stock form, which most take, is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Dialect {
    /// By which HTTP method.
    pub method: Method,
    /// Where the parameters stand, and how.
    pub encoding: Encoding,
    /// Where our key stands.
    pub key_place: KeyPlace,
}

/// The HTTP method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The stock form.
    #[default]
    Post,
    /// Parameters can only stand in the query then.
    Get,
}

/// Where a call's parameters stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// In the body, as a form: the stock form.
    #[default]
    Form,
    /// In the address, after what it has there already.
    Query,
    /// In the body, as a JSON object of strings.
    Json,
}

/// Where our key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// Among the parameters, as `key`: the stock form.
    #[default]
    Field,
    /// In the header `Authorization: Bearer`.
    Bearer,
    /// In the header `X-API-Key`.
    XApiKey,
}

/// A dialect that nobody can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a GET has no body: let the parameters stand in the query")]
pub struct InvalidDialect;

impl Dialect {
    /// Puts a dialect together.
    ///
    /// # Errors
    /// [`InvalidDialect`] for a GET with a body.
    pub fn try_new(
        method: Method,
        encoding: Encoding,
        key_place: KeyPlace,
    ) -> Result<Self, InvalidDialect> {
        match (method, encoding) {
            (Method::Get, Encoding::Form | Encoding::Json) => Err(InvalidDialect),
            _ => Ok(Self { method, encoding, key_place }),
        }
    }
}
