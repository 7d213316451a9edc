use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, field::Empty};

use crate::{metrics, request_id::RequestId};

/// Header by which a request is known before us, here, and in the answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its id and its span, counts it, and answers with the id.
pub(super) async fn follow(request: Request, next: Next) -> Response {
    let id = id_of(request.headers());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("(none)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request", request_id = %id, method = %request.method(), route, operation = Empty
    );
    let began = Instant::now();
    let answered = id.clone().scope(next.run(request)).instrument(span.clone());
    let mut response = answered.await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.in_scope(|| tracing::debug!(status, ?took, "answered"));
    metrics::request_served(route, status, took);
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn id_of(headers: &HeaderMap) -> RequestId {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    given.and_then(RequestId::try_new).unwrap_or_else(RequestId::generate)
}
