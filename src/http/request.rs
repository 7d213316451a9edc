//! From an HTTP request to a GraphQL request that is within the limits.

use std::time::Duration;

use async_graphql::{Request as Query, Variables};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, StatusCode},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::{answer::Refusal, media::is_json, state::App};
use crate::{
    domain::Position,
    graphql::{Accepted, ApiError, Kind},
};

/// Header that names a position which the answer must not be older than.
const MIN_POSITION: &str = "x-min-position";
/// How long a body may take to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// A GraphQL request as a body has it. Other members are let pass, as the draft asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    query: String,
    operation_name: Option<String>,
    variables: Option<Value>,
}

/// A GraphQL request as a URL has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
}

/// Reads a request, and waits until the read models have reached the position that it names.
pub(super) async fn read(app: &App, request: Request) -> Result<Accepted, Refusal> {
    let min_position = min_position(request.headers())?;
    let by_get = *request.method() != Method::POST;
    let query = match by_get {
        true => from_url(request.uri().query().unwrap_or_default())?,
        false => from_body(request).await?,
    };
    let accepted = Accepted::new(query).map_err(|answer| Refusal::not_executed(*answer))?;
    if by_get && accepted.kind() == Some(Kind::Mutation) {
        return Err(Refusal::mutation_by_get());
    }
    if let Some(position) = min_position {
        let waited = app.backend.reached(position).await;
        waited.map_err(|error| Refusal::not_executed(error.into_response()))?;
    }
    Ok(accepted)
}

fn min_position(headers: &HeaderMap) -> Result<Option<Position>, Refusal> {
    let Some(value) = headers.get(MIN_POSITION) else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    match position.filter(|position| *position >= 0) {
        Some(position) => Ok(Some(Position(position))),
        None => Err(Refusal::malformed(
            "X-Min-Position",
            "X-Min-Position must be a position, such as 42",
        )),
    }
}

async fn from_body(request: Request) -> Result<Query, Refusal> {
    if !is_json(request.headers()) {
        let error =
            ApiError::invalid("Content-Type", "send the request as application/json in UTF-8");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let received = timeout(BODY_LIMIT, Bytes::from_request(request, &())).await;
    let bytes = received.map_err(|_| Refusal::slow_body(BODY_LIMIT))?.map_err(|rejection| {
        Refusal::new(rejection.status(), ApiError::invalid("body", rejection.body_text()))
    })?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::malformed("body", format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        let problem = "the body must be one JSON object with a `query`: batches are not taken";
        return Err(Refusal::malformed("body", problem));
    }
    let body: Body = serde_json::from_value(value)
        .map_err(|error| Refusal::malformed("body", format!("no GraphQL request: {error}")))?;
    query(body).map_err(|problem| Refusal::malformed("variables", problem))
}

fn from_url(text: &str) -> Result<Query, Refusal> {
    let parameters: Parameters = serde_urlencoded::from_str(text)
        .map_err(|error| Refusal::malformed("query", format!("no GraphQL request: {error}")))?;
    let given = parameters.variables.filter(|text| !text.is_empty());
    let variables = given.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
        Refusal::malformed("variables", format!("`variables` is not JSON: {error}"))
    })?;
    let Parameters { query: text, operation_name, .. } = parameters;
    query(Body { query: text, operation_name, variables })
        .map_err(|problem| Refusal::malformed("variables", problem))
}

/// Makes a request of what was sent; else says what is wrong with its variables.
pub(super) fn query(body: Body) -> Result<Query, &'static str> {
    let variables = match body.variables {
        None | Some(Value::Null) => Variables::default(),
        Some(object @ Value::Object(_)) => Variables::from_json(object),
        Some(_) => return Err("`variables` must be an object"),
    };
    let mut query = Query::new(body.query).variables(variables);
    query.operation_name = body.operation_name.filter(|name| !name.is_empty());
    Ok(query)
}
