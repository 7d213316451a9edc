//! The parameters of a call, however they were sent.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use serde::Serialize;
use serde_json::Value;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Parameters by name; of one that came twice, the last, as PHP has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Params {
    values: BTreeMap<String, String>,
    sent: Sent,
}

/// How a call was sent.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Sent {
    /// The HTTP method.
    pub method: String,
    /// Where the action stood: `form`, `query` or `json`.
    pub action_in: &'static str,
    /// Where the key stood: `form`, `query`, `json`, `bearer` or `x-api-key`.
    pub key_in: &'static str,
}

impl Params {
    /// A parameter that is there and says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A parameter that is a whole number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// How many lines of a parameter say something.
    pub(super) fn lines(&self, name: &str) -> u64 {
        let text = self.get(name).unwrap_or_default();
        text.lines().filter(|line| !line.trim().is_empty()).count() as u64
    }

    /// The ids of a list like `1,2,3`.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.get(name)?.split(',').map(str::trim).collect())
    }

    /// All but the key.
    pub(super) fn without_key(&self) -> BTreeMap<String, String> {
        let mut all = self.values.clone();
        all.remove("key");
        all
    }

    /// How the call was sent.
    pub(super) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    fn add_form(&mut self, text: &[u8], place: &'static str) {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text).unwrap_or_default();
        self.add(pairs, place);
    }

    fn add_json(&mut self, text: &[u8]) {
        let object: serde_json::Map<String, Value> =
            serde_json::from_slice(text).unwrap_or_default();
        let pairs = object.into_iter().filter_map(|(name, value)| Some((name, plain(&value)?)));
        self.add(pairs.collect(), "json");
    }

    fn add(&mut self, pairs: Vec<(String, String)>, place: &'static str) {
        for (name, _) in &pairs {
            match name.as_str() {
                "action" => self.sent.action_in = place,
                "key" => self.sent.key_in = place,
                _ => {}
            }
        }
        self.values.extend(pairs);
    }

    fn add_key(&mut self, headers: &HeaderMap) {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        let own = || header(API_KEY).map(|key| (key, "x-api-key"));
        let Some((key, place)) = bearer.map(|key| (key, "bearer")).or_else(own) else { return };
        if !self.values.contains_key("key") {
            self.values.insert("key".to_owned(), key.to_owned());
            self.sent.key_in = place;
        }
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Params {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { values: values.collect(), sent: Sent::default() }
    }
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let mut params = Self::default();
        params.sent.method = request.method().to_string();
        params.add_form(request.uri().query().unwrap_or_default().as_bytes(), "query");
        params.add_key(request.headers());
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
        let body =
            Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        if is_json {
            params.add_json(&body);
        } else {
            params.add_form(&body, "form");
        }
        Ok(params)
    }
}

/// A JSON value as a form would carry it: a list as `1,2,3`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bit) => Some(u8::from(*bit).to_string()),
        Value::Array(items) => Some(items.iter().filter_map(plain).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Object(_) => None,
    }
}
