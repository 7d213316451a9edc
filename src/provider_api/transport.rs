//! One request, one bounded answer, and what went wrong in between: above all whether anything was sent.

use std::{error::Error, io, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{RequestBuilder, header};

use super::guard::NameFault;
use crate::domain::{calls::CallFailureKind, provider::InvalidUrl};

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransportFault {
    /// The address is not one that the policy allows. Nothing was sent.
    #[error("the provider's address is not allowed: {0}")]
    Forbidden(#[from] InvalidUrl),
    /// No connection came about. Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The time limit passed with a request on its way.
    #[error("no whole answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The connection ended with a request on its way.
    #[error("the connection broke before the answer was complete: {0}")]
    Broken(String),
    /// The answer is larger than any panel's.
    #[error("the answer is larger than {0} KiB")]
    TooLarge(usize),
}

impl TransportFault {
    /// Tells whether it is certain that not one byte of the request was sent.
    pub(super) fn is_before_sending(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::Unreachable(_))
    }

    /// Says in which way the call came to nothing.
    pub(super) fn kind(&self) -> CallFailureKind {
        match self {
            Self::Forbidden(_) | Self::Unreachable(_) => CallFailureKind::Unreachable,
            Self::TimedOut(_) => CallFailureKind::TimedOut,
            Self::Broken(_) | Self::TooLarge(_) => CallFailureKind::Broken,
        }
    }
}

/// What a provider answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where a redirect points to.
    pub(super) location: Option<String>,
    /// For how many seconds it asks to be left alone.
    pub(super) retry_after: Option<i64>,
    pub(super) body: Vec<u8>,
    /// Why the body is not whole.
    pub(super) broken_off: Option<TransportFault>,
}

impl Answer {
    /// Makes a whole answer that says nothing beside its body.
    #[cfg(test)]
    pub(super) fn whole(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, location: None, retry_after: None, body: body.into(), broken_off: None }
    }

    /// Returns the body as text, whatever its label says; a byte order mark goes, and what is not UTF-8 is replaced.
    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        String::from_utf8_lossy(body)
    }
}

/// Bounds of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// From the start of the call to the last byte of the answer.
    pub(super) time: Duration,
    /// Of the answer's body.
    pub(super) bytes: usize,
}

/// Sends a request once and reads the answer.
pub(super) async fn send(
    request: RequestBuilder,
    bounds: Bounds,
) -> Result<Answer, TransportFault> {
    let response =
        request.timeout(bounds.time).send().await.map_err(|error| fault(error, bounds))?;
    let location = response.headers().get(header::LOCATION);
    let asked = response.headers().get(header::RETRY_AFTER);
    let asked = asked.and_then(|value| retry_after(value.to_str().ok()?, Utc::now()));
    let mut answer = Answer {
        retry_after: asked,
        status: response.status().as_u16(),
        location: location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        body: vec![],
        broken_off: None,
    };
    answer.broken_off = read_body(response, &mut answer.body, bounds).await.err();
    Ok(answer)
}

/// Reads a `Retry-After` as RFC 9110 has it: seconds, or the time until which to wait.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<i64> {
    let text = text.trim();
    let until = || Some((DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now).num_seconds());
    text.parse().ok().or_else(until).filter(|seconds| *seconds >= 0)
}

async fn read_body(
    mut response: reqwest::Response,
    body: &mut Vec<u8>,
    bounds: Bounds,
) -> Result<(), TransportFault> {
    while let Some(chunk) = response.chunk().await.map_err(|error| fault(error, bounds))? {
        if body.len() + chunk.len() > bounds.bytes {
            return Err(TransportFault::TooLarge(bounds.bytes / 1024));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// A connect error covers name service, TCP and TLS, and a builder error comes before them; after either of them
/// nothing was sent. Everything else may have come later.
fn fault(error: reqwest::Error, bounds: Bounds) -> TransportFault {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        return TransportFault::Unreachable(why_unreachable(&error));
    }
    if error.is_timeout() {
        return TransportFault::TimedOut(bounds.time);
    }
    TransportFault::Broken(root_cause(&error).to_string())
}

fn why_unreachable(error: &reqwest::Error) -> String {
    if let Some(name) = causes(error).find_map(|cause| cause.downcast_ref::<NameFault>()) {
        return name.to_string();
    }
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return format!("TLS: {tls}");
    }
    let mut io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    if io.any(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
        return "connection refused".to_owned();
    }
    match error.is_timeout() {
        true => "no connection in time".to_owned(),
        false => format!("no connection: {}", root_cause(error)),
    }
}

/// Walks down to the cause. An I/O error that wraps another error shows it as its own text but not as its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => (*error).source(),
        }
    })
}

fn root_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("3" => Some(3); "seconds")]
    #[test_case(" 120 " => Some(120); "with spaces around")]
    #[test_case("Sun, 25 Oct 2026 12:00:30 GMT" => Some(30); "a time to come")]
    #[test_case("Sun, 25 Oct 2026 11:00:00 GMT" => None; "a time that has passed")]
    #[test_case("-1" => None; "less than nothing")]
    #[test_case("soon" => None; "a word")]
    fn retry_after_is_seconds_or_a_time(text: &str) -> Option<i64> {
        retry_after(text, "2026-10-25T12:00:00Z".parse().unwrap())
    }
}
