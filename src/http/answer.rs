use async_graphql::{Response as Execution, ServerError, Value};
use axum::{
    Json,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::media::Media;
use crate::graphql::ApiError;

/// A request that was not executed.
pub(super) struct Refusal {
    status: StatusCode,
    error: ApiError,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: ApiError) -> Self {
        Self { status, error, header: None }
    }

    /// A request that is none in the sense of the draft: 400 whatever the client accepts.
    pub(super) fn malformed(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ApiError::invalid(field, problem))
    }

    pub(super) fn unauthenticated() -> Self {
        let header = Some((WWW_AUTHENTICATE, "Bearer"));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, ApiError::unauthenticated()) }
    }

    pub(super) fn mutation_by_get() -> Self {
        let error = ApiError::invalid("query", "a mutation must be sent by POST");
        Self { header: Some((ALLOW, "POST")), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, error) }
    }

    pub(super) fn not_acceptable() -> Self {
        let problem =
            "answers are written as application/graphql-response+json or application/json";
        Self::new(StatusCode::NOT_ACCEPTABLE, ApiError::invalid("Accept", problem))
    }

    /// A request that is well-formed, and still cannot be executed.
    pub(super) fn of_well_formed(media: Media, error: ApiError) -> Self {
        let status = match media {
            Media::GraphqlResponse => StatusCode::SERVICE_UNAVAILABLE,
            Media::Json => StatusCode::OK,
        };
        Self::new(status, error)
    }

    pub(super) fn into_answer(self, media: Media) -> Response {
        let mut response = write(self.status, media, &self.error.into_response());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

/// Writes what became of a well-formed request.
pub(super) fn answer(media: Media, execution: &Execution) -> Response {
    let status = match media {
        Media::GraphqlResponse if !was_executed(execution) => StatusCode::BAD_REQUEST,
        Media::GraphqlResponse | Media::Json => StatusCode::OK,
    };
    write(status, media, execution)
}

fn write(status: StatusCode, media: Media, execution: &Execution) -> Response {
    let data = was_executed(execution).then_some(&execution.data);
    let body = Body { errors: &execution.errors, data };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error of parsing or validation belongs to no field, so it has no path; then there is no `data` either.
fn was_executed(execution: &Execution) -> bool {
    execution.errors.iter().all(|error| !error.path.is_empty())
}
