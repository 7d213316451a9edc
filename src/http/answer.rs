use std::time::Duration;

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
use crate::graphql::{ApiError, code_of};

/// A request that was not executed.
pub(super) struct Refusal {
    /// What every client gets; absent for a well-formed request, where it depends on what the client accepts.
    status: Option<StatusCode>,
    answer: Box<Execution>,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: ApiError) -> Self {
        Self { status: Some(status), answer: Box::new(error.into_response()), header: None }
    }

    /// A request that is well-formed, and still cannot be executed.
    pub(super) fn not_executed(answer: Execution) -> Self {
        Self { status: None, answer: Box::new(answer), header: None }
    }

    /// A request that is none in the sense of the draft: 400 whatever the client accepts.
    pub(super) fn malformed(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ApiError::invalid(field, problem))
    }

    pub(super) fn slow_body(limit: Duration) -> Self {
        let problem = format!("the body did not arrive within {} s", limit.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, ApiError::timed_out(&problem))
    }

    pub(super) fn unauthenticated() -> Self {
        let header = Some((WWW_AUTHENTICATE, "Bearer"));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, ApiError::unauthenticated()) }
    }

    pub(super) fn mutation_by_get() -> Self {
        let error = ApiError::invalid("query", "a mutation must be sent by POST");
        Self { header: Some((ALLOW, "POST")), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, error) }
    }

    /// A client that takes none of the media types that there are.
    pub(super) fn not_acceptable(offered: &str) -> Self {
        let problem = format!("answers are written as {offered}");
        Self::new(StatusCode::NOT_ACCEPTABLE, ApiError::invalid("Accept", problem))
    }

    /// Returns the answer to a well-formed request, for clients that get it otherwise than as a response of its own.
    pub(super) fn into_execution(self) -> Result<Execution, Self> {
        if self.status.is_none() { Ok(*self.answer) } else { Err(self) }
    }

    pub(super) fn into_answer(self, media: Media) -> Response {
        let status = self.status.unwrap_or_else(|| status_of(media, &self.answer));
        let mut response = write(status, media, &self.answer);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// What became of a request, as every transport writes it.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl<'a> Body<'a> {
    pub(super) fn of(execution: &'a Execution) -> Self {
        let data = was_executed(execution).then_some(&execution.data);
        Self { errors: &execution.errors, data }
    }
}

/// Writes what became of a well-formed request.
pub(super) fn answer(media: Media, execution: &Execution) -> Response {
    write(status_of(media, execution), media, execution)
}

/// The one place where what went wrong gets its status.
fn status_of(media: Media, execution: &Execution) -> StatusCode {
    if media == Media::Json || was_executed(execution) {
        return StatusCode::OK;
    }
    match code_of(execution) {
        Some("TIMEOUT" | "UNAVAILABLE") => StatusCode::SERVICE_UNAVAILABLE,
        Some("INTERNAL") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn write(status: StatusCode, media: Media, execution: &Execution) -> Response {
    let mut response = (status, Json(Body::of(execution))).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error of parsing or validation belongs to no field, so it has no path; then there is no `data` either.
pub(super) fn was_executed(execution: &Execution) -> bool {
    execution.errors.iter().all(|error| !error.path.is_empty())
}
