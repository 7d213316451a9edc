//! Answers on the wire: honest ones, and those that faults put in their place.

use std::time::Duration;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::actions::Refusal;
use super::{Fault, RateLimitBody};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=UTF-8");
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>\
    <body><h1>Checking your browser before accessing the panel.</h1></body></html>\n";

/// The body of an honest answer.
#[derive(Debug)]
pub(super) enum Body {
    Json(Value),
    /// JSON that has been written before.
    Text(Bytes),
}

/// What happens to a connection in place of an answer; carried by a response that is never written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HangUp {
    Silent,
    Reset,
}

impl IntoResponse for HangUp {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the answer to a call that no fault has touched.
pub(super) fn honest(answer: Result<Body, Refusal>) -> Bytes {
    match answer {
        Ok(Body::Text(text)) => text,
        Ok(Body::Json(value)) => value.to_string().into(),
        Err(refusal) => error(&refusal.to_string()),
    }
}

pub(super) fn json_reply(body: Bytes) -> Response {
    ([(CONTENT_TYPE, JSON)], body).into_response()
}

/// Plays a fault, given what the panel would answer; `None` where the answer only comes late.
pub(super) async fn play(fault: &Fault, honest: &Bytes) -> Option<Response> {
    Some(match fault {
        Fault::Refuse(text) => json_reply(error(text)),
        Fault::TooManyRequests { retry_after_seconds, body } => {
            too_many_requests(*retry_after_seconds, *body)
        }
        Fault::Unavailable { retry_after_seconds } => {
            asking(html(StatusCode::SERVICE_UNAVAILABLE), Some(*retry_after_seconds))
        }
        Fault::ServerError => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n").into_response()
        }
        Fault::Html(status) => html(*status),
        Fault::SlowMs(delay) => {
            tokio::time::sleep(Duration::from_millis(*delay)).await;
            return None;
        }
        Fault::Silent => HangUp::Silent.into_response(),
        Fault::Reset => HangUp::Reset.into_response(),
        Fault::Truncated => json_reply(honest.slice(..honest.len() / 2)),
        Fault::EmptyList => json_reply(Bytes::from_static(b"[]")),
    })
}

fn error(text: &str) -> Bytes {
    json!({ "error": text }).to_string().into()
}

fn html(status: StatusCode) -> Response {
    (status, [(CONTENT_TYPE, HTML)], PAGE).into_response()
}

fn too_many_requests(retry_after_seconds: Option<u64>, body: RateLimitBody) -> Response {
    let mut response = match body {
        RateLimitBody::Json => json_reply(error("Rate limit exceeded")),
        RateLimitBody::Text => "Too many requests".into_response(),
        RateLimitBody::Html => html(StatusCode::TOO_MANY_REQUESTS),
        RateLimitBody::Empty => ().into_response(),
    };
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    asking(response, retry_after_seconds)
}

/// Asks to be left alone for a while.
fn asking(mut response: Response, retry_after_seconds: Option<u64>) -> Response {
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
