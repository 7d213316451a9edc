use std::sync::Arc;

use async_graphql::{
    Name, Request as Query, Response as Execution, Variables, parser::types::OperationType,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    answer::{Refusal, answer},
    media::{Media, is_json},
    state::App,
    token::is_authorized,
};
use crate::{domain::Position, graphql::ApiError};

/// Header that names a position which the answer must not be older than.
const MIN_POSITION: &str = "x-min-position";

/// A GraphQL request as a body has it. Other members are let pass, as the draft asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
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

/// Answers a GraphQL request.
pub(super) async fn graphql(State(app): State<Arc<App>>, request: Request) -> Response {
    let media = Media::accepted(request.headers());
    match execute(&app, media, request).await {
        Ok(execution) => answer(media.unwrap_or(Media::Json), &execution),
        Err(refusal) => refusal.into_answer(media.unwrap_or(Media::Json)),
    }
}

async fn execute(app: &App, media: Option<Media>, request: Request) -> Result<Execution, Refusal> {
    if !is_authorized(request.headers(), app.admin_token.as_ref()) {
        return Err(Refusal::unauthenticated());
    }
    let Some(media) = media else {
        return Err(Refusal::not_acceptable());
    };
    let min_position = min_position(request.headers())?;
    let query = match *request.method() {
        Method::POST => from_body(request).await?,
        _ => from_url(request.uri().query().unwrap_or_default())?,
    };
    if let Some(position) = min_position {
        let waited = app.backend.reached(position).await;
        waited.map_err(|error| Refusal::of_well_formed(media, error))?;
    }
    Ok(app.api.execute(query).await)
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
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| {
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
    query(body.query, body.operation_name, body.variables)
}

fn from_url(text: &str) -> Result<Query, Refusal> {
    let parameters: Parameters = serde_urlencoded::from_str(text)
        .map_err(|error| Refusal::malformed("query", format!("no GraphQL request: {error}")))?;
    let given = parameters.variables.filter(|text| !text.is_empty());
    let variables = given.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
        Refusal::malformed("variables", format!("`variables` is not JSON: {error}"))
    })?;
    let mut query = query(parameters.query, parameters.operation_name, variables)?;
    if asks_for_a_mutation(&mut query) {
        return Err(Refusal::mutation_by_get());
    }
    Ok(query)
}

fn query(
    text: String,
    operation_name: Option<String>,
    variables: Option<Value>,
) -> Result<Query, Refusal> {
    let variables = match variables {
        None | Some(Value::Null) => Variables::default(),
        Some(object @ Value::Object(_)) => Variables::from_json(object),
        Some(_) => return Err(Refusal::malformed("variables", "`variables` must be an object")),
    };
    let mut query = Query::new(text).variables(variables);
    query.operation_name = operation_name.filter(|name| !name.is_empty());
    Ok(query)
}

/// A text that cannot be parsed is left to the schema, which says why.
fn asks_for_a_mutation(query: &mut Query) -> bool {
    let name = query.operation_name.clone();
    let Ok(document) = query.parsed_query() else { return false };
    document
        .operations
        .iter()
        .filter(|(own, _)| name.is_none() || own.map(Name::as_str) == name.as_deref())
        .any(|(_, operation)| operation.node.ty == OperationType::Mutation)
}
