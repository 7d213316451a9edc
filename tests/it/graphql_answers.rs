//! GraphQL over HTTP: what every kind of request is answered with, in both media types.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};

use crate::graphql_installation::{Installation, TOKEN};

/// Status codes tell what became of the request.
const NEW: &str = "application/graphql-response+json";
/// Well-formed requests get 200.
const OLD: &str = "application/json";

/// A request in the making.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Sent {
    fn body(body: impl Into<String>) -> Self {
        let headers = vec![
            ("authorization", format!("Bearer {TOKEN}")),
            ("content-type", "application/json; charset=utf-8".to_owned()),
        ];
        Self { method: "POST", url: "/graphql".to_owned(), headers, body: body.into() }
    }

    fn json(body: Value) -> Self {
        Self::body(body.to_string())
    }

    fn query(query: &str) -> Self {
        Self::json(json!({"query": query}))
    }

    fn get(parameters: &[(&str, &str)]) -> Self {
        let url = format!("/graphql?{}", serde_urlencoded::to_string(parameters).unwrap());
        Self { method: "GET", url, ..Self::body("") }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn accepting(&self, accept: &str) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.header(header::ACCEPT, accept).body(self.body.clone().into()).unwrap()
    }
}

/// What a request is answered with: status as each media type has it, the first error's code, and whether there is `data`.
type Expected = (u16, u16, Option<&'static str>, bool);

const INVALID: Option<&str> = Some("INVALID_INPUT");
/// Executed, wholly or in part.
const DONE: Expected = (200, 200, None, true);
/// Well-formed, and not to be executed.
const NOT_EXECUTED: Expected = (400, 200, INVALID, false);
/// Not a GraphQL request.
const MALFORMED: Expected = (400, 400, INVALID, false);

fn rows() -> Vec<(&'static str, Sent, Expected)> {
    let toggle = "mutation { toggleProviderStatus(id: \"0197b0a4-5a3c-7cc0-8000-3f6f1c2d9e11\") { position } }";
    let number = "query ($n: Int!) { order(number: $n) { id } }";
    let two = "query A { __typename } query B { __typename }";
    let many = format!("{{ {} }}", "__typename ".repeat(21));
    let asked = || Sent::query("{ __typename }");
    vec![
        ("a query", asked(), DONE),
        ("a query by GET", Sent::get(&[("query", "{ __typename }")]), DONE),
        ("one operation of two", Sent::json(json!({"query": two, "operationName": "B"})), DONE),
        ("members that nobody knows", Sent::json(json!({"query": "{ __typename }", "x": 1})), DONE),
        ("variables by GET", Sent::get(&[("query", number), ("variables", "{\"n\": 1}")]), DONE),
        (
            "a field that fails beside one that does not",
            Sent::query("{ providers { id } provider(id: \"x\") { id } }"),
            (200, 200, INVALID, true),
        ),
        ("a mutation that fails", Sent::query(toggle), (200, 200, Some("NOT_FOUND"), true)),
        ("no GraphQL", Sent::query("{"), NOT_EXECUTED),
        ("an empty document", Sent::query(""), NOT_EXECUTED),
        ("a field that is not there", Sent::query("{ nonsense }"), NOT_EXECUTED),
        (
            "a directive's argument of another type",
            Sent::query("{ providers { id @skip(if: 7) } }"),
            NOT_EXECUTED,
        ),
        (
            "a variable of another type",
            Sent::json(json!({"query": number, "variables": {"n": "x"}})),
            NOT_EXECUTED,
        ),
        ("a variable that is missing", Sent::query(number), NOT_EXECUTED),
        (
            "an operation that is not there",
            Sent::json(json!({"query": "query A { __typename }", "operationName": "B"})),
            NOT_EXECUTED,
        ),
        ("no choice of two operations", Sent::query(two), NOT_EXECUTED),
        ("a subscription", Sent::query("subscription { providerChanged { id } }"), NOT_EXECUTED),
        ("more than one request may ask for", Sent::query(&many), NOT_EXECUTED),
        (
            "a position that the read models do not reach",
            asked().with("x-min-position", "7"),
            (503, 200, Some("TIMEOUT"), false),
        ),
        ("a position that is none", asked().with("x-min-position", "x"), MALFORMED),
        ("no JSON", Sent::body("{\"query\": "), MALFORMED),
        ("no object", Sent::body("\"{ __typename }\""), MALFORMED),
        ("a batch", Sent::body("[{\"query\": \"{ __typename }\"}]"), MALFORMED),
        ("no query", Sent::json(json!({"variables": {}})), MALFORMED),
        ("no query by GET", Sent::get(&[]), MALFORMED),
        ("a query that is no text", Sent::json(json!({"query": 7})), MALFORMED),
        (
            "variables that are no object",
            Sent::json(json!({"query": "{ __typename }", "variables": [1]})),
            MALFORMED,
        ),
        (
            "variables by GET that are no JSON",
            Sent::get(&[("query", "{ __typename }"), ("variables", "{")]),
            MALFORMED,
        ),
        ("no token", asked().without("authorization"), (401, 401, Some("UNAUTHENTICATED"), false)),
        (
            "a wrong token and no GraphQL",
            Sent::body("x").with("authorization", "Bearer x"),
            (401, 401, Some("UNAUTHENTICATED"), false),
        ),
        ("a mutation by GET", Sent::get(&[("query", toggle)]), (405, 405, INVALID, false)),
        (
            "a chosen mutation by GET",
            Sent::get(&[
                (
                    "query",
                    &format!(
                        "query Q {{ __typename }} {}",
                        toggle.replace("mutation", "mutation M")
                    ),
                ),
                ("operationName", "M"),
            ]),
            (405, 405, INVALID, false),
        ),
        (
            "another content type",
            asked().with("content-type", "text/plain"),
            (415, 415, INVALID, false),
        ),
        ("no content type", asked().without("content-type"), (415, 415, INVALID, false)),
        (
            "another character set",
            asked().with("content-type", "application/json; charset=latin1"),
            (415, 415, INVALID, false),
        ),
        (
            "more than a mebibyte",
            Sent::json(json!({"query": "{ __typename }", "variables": {"x": "x".repeat(1 << 20)}})),
            (413, 413, INVALID, false),
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_request_is_answered_as_the_protocol_has_it() {
    let shop = Installation::start().await;
    for (what, sent, (new, old, code, data)) in rows() {
        for (accept, status) in [(NEW, new), (OLD, old)] {
            let answer = shop.send(sent.accepting(accept)).await;
            let found = answer.body["errors"][0]["extensions"]["code"].as_str();
            assert_eq!(
                (answer.status.as_u16(), found, answer.body.get("data").is_some()),
                (status, code, data),
                "{what}, accepting {accept}: {}",
                answer.body
            );
            let written = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
            assert_eq!(written, format!("{accept}; charset=utf-8"), "{what}");
        }
    }
}
