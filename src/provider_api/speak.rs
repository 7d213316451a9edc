//! Saying a call in a panel's dialect. The stock form is `POST application/x-www-form-urlencoded` with the key first.

use reqwest::{Client, RequestBuilder, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::encode::Form;
use crate::domain::provider::{Dialect, Encoding, KeyPlace, Method};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const API_KEY: &str = "x-api-key";

/// To whom it is said, and as whom.
pub(super) struct Listener<'a> {
    pub(super) url: &'a Url,
    pub(super) key: &'a SecretString,
    pub(super) dialect: Dialect,
}

/// Puts a request together that says the form once.
pub(super) fn request(client: &Client, listener: &Listener<'_>, form: &Form) -> RequestBuilder {
    let Dialect { method, encoding, key_place } = listener.dialect;
    let key = listener.key.expose_secret();
    let key_field = (key_place == KeyPlace::Field).then_some(("key", key));
    let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields = key_field.into_iter().chain(fields);
    let mut url = listener.url.clone();
    let body = match encoding {
        Encoding::Form => {
            let form =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            Some((FORM, form))
        }
        Encoding::Json => Some((JSON, object(fields).to_string())),
        Encoding::Query => {
            url.query_pairs_mut().extend_pairs(fields);
            None
        }
    };
    let request = match method {
        Method::Post => client.post(url),
        // Nobody on the way may answer it from what was answered before.
        Method::Get => client.get(url).header(header::CACHE_CONTROL, "no-cache, no-store"),
    };
    let request = match key_place {
        KeyPlace::Field => request,
        KeyPlace::Bearer => request.bearer_auth(key),
        KeyPlace::XApiKey => request.header(API_KEY, secret(key)),
    };
    let request = request.header(header::ACCEPT, JSON);
    match body {
        Some((kind, body)) => request.header(header::CONTENT_TYPE, kind).body(body),
        None => request,
    }
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let members = fields.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// A key that no header can hold makes a request that is not sent.
fn secret(key: &str) -> Vec<u8> {
    key.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reqwest::Request;

    use super::*;
    use crate::provider_api::{NewOrder, encode};

    fn said(dialect: (Method, Encoding, KeyPlace)) -> Request {
        let fields = [("link", "https://a.example/?b=c&d=é"), ("comments", "one\ntwo + three")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let order = NewOrder { service: "12".to_owned(), fields: BTreeMap::from(fields) };
        let (url, key) = ("https://panel.example/api/v2.php?x=1".parse().unwrap(), "k&y".into());
        let dialect = Dialect::try_new(dialect.0, dialect.1, dialect.2).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = Listener { url: &url, key: &key, dialect };
        request(&Client::new(), &listener, &encode::add(&order)).build().unwrap()
    }

    fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
        request.headers().get(name).map(|value| value.to_str().unwrap())
    }

    fn body(request: &Request) -> &str {
        let body = request.body().and_then(|body| body.as_bytes());
        std::str::from_utf8(body.unwrap_or_default()).unwrap()
    }

    #[test]
    fn stock_form_is_a_form_with_the_key_first() {
        let request = said((Method::Post, Encoding::Form, KeyPlace::Field));
        assert_eq!(request.method(), "POST");
        assert_eq!(request.url().as_str(), "https://panel.example/api/v2.php?x=1");
        assert_eq!(header(&request, "content-type"), Some(FORM));
        assert_eq!(
            body(&request),
            "key=k%26y&action=add&service=12&comments=one%0Atwo+%2B+three\
             &link=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d%3D%C3%A9"
        );
    }

    #[test]
    fn get_says_everything_in_the_query_beside_what_the_address_has() {
        let request = said((Method::Get, Encoding::Query, KeyPlace::Field));
        assert_eq!(request.method(), "GET");
        let query = request.url().query().unwrap();
        assert!(query.starts_with("x=1&key=k%26y&action=add&service=12&comments="), "{query}");
        assert_eq!((body(&request), header(&request, "content-type")), ("", None));
        assert_eq!(header(&request, "cache-control"), Some("no-cache, no-store"));
    }

    #[test]
    fn json_is_an_object_of_strings() {
        let request = said((Method::Post, Encoding::Json, KeyPlace::Field));
        assert_eq!(header(&request, "content-type"), Some(JSON));
        let said: Value = serde_json::from_str(body(&request)).unwrap();
        assert_eq!(
            said,
            serde_json::json!({"key": "k&y", "action": "add", "service": "12",
                "comments": "one\ntwo + three", "link": "https://a.example/?b=c&d=é"})
        );
    }

    #[test]
    fn key_in_a_header_stands_nowhere_else() {
        for encoding in [Encoding::Form, Encoding::Query, Encoding::Json] {
            let bearer = said((Method::Post, encoding, KeyPlace::Bearer));
            assert_eq!(header(&bearer, "authorization"), Some("Bearer k&y"));
            let own = said((Method::Post, encoding, KeyPlace::XApiKey));
            assert_eq!(header(&own, "x-api-key"), Some("k&y"));
            for request in [bearer, own] {
                let shown = format!("{} {}", request.url(), body(&request));
                assert!(shown.contains("add") && !shown.contains("key"), "{shown}");
            }
        }
    }
}
