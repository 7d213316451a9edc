//! Every call is told of once it has ended, however it ended.

use std::{fmt, sync::Arc, time::Instant};

use chrono::{DateTime, Utc};

use super::client::milliseconds_since;
use crate::domain::{
    ProviderId,
    calls::{CallFailureKind, MetText},
};

/// A call that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Who was called.
    pub provider_id: ProviderId,
    /// What was asked for, in the panel API's word.
    pub action: &'static str,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// From then to its end, in milliseconds.
    pub duration_ms: i64,
    /// Status of the answer, where one began.
    pub http_status: Option<u16>,
    /// How it came to nothing, where it did.
    pub failure: Option<FailedCall>,
}

/// How a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCall {
    /// In which way.
    pub kind: CallFailureKind,
    /// In words: without the key and without the answer's body, of at most 500 characters.
    pub reason: String,
    /// The error that the provider answered, where the call was no order's: those are on record with their attempts.
    pub text: Option<MetText>,
}

/// Whoever keeps count of calls. It is told on the caller's time, so it must be quick and never wait.
pub trait CallWatch: fmt::Debug + Send + Sync {
    /// Takes note of a call that has ended.
    fn ended(&self, call: CallRecord);
}

/// A call under way. One that is dropped before its end was abandoned, and is told of as well: the provider may have it.
#[derive(Debug)]
pub(super) struct OpenCall {
    watch: Option<Arc<dyn CallWatch>>,
    provider_id: ProviderId,
    action: &'static str,
    started_at: DateTime<Utc>,
    started: Instant,
    http_status: Option<u16>,
    failure: Option<FailedCall>,
}

impl OpenCall {
    pub(super) fn begin(
        watch: Option<Arc<dyn CallWatch>>,
        provider_id: ProviderId,
        action: &'static str,
    ) -> Self {
        let abandoned = FailedCall {
            kind: CallFailureKind::Abandoned,
            reason: "nobody waited for the answer any more".to_owned(),
            text: None,
        };
        Self {
            watch,
            provider_id,
            action,
            started_at: Utc::now(),
            started: Instant::now(),
            http_status: None,
            failure: Some(abandoned),
        }
    }

    /// Notes that an answer has begun.
    pub(super) fn answered(&mut self, http_status: Option<u16>) {
        self.http_status = http_status;
    }

    /// Ends it, well or badly.
    pub(super) fn end(mut self, failure: Option<FailedCall>) {
        self.failure = failure;
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let Some(watch) = self.watch.take() else { return };
        watch.ended(CallRecord {
            provider_id: self.provider_id,
            action: self.action,
            started_at: self.started_at,
            duration_ms: milliseconds_since(self.started),
            http_status: self.http_status,
            failure: self.failure.take(),
        });
    }
}

impl FailedCall {
    /// Takes words that are clean of the key, and leaves out what they show of an answer's body.
    pub(super) fn new(kind: CallFailureKind, words: &str) -> Self {
        let reason = match kind {
            CallFailureKind::Unreadable => without_body(words),
            _ => words,
        };
        Self { kind, reason: reason.to_owned(), text: None }
    }
}

/// What is said of an answer's body stands behind its status.
fn without_body(words: &str) -> &str {
    let end = words.find("(HTTP ").and_then(|status| Some(status + words[status..].find(')')? + 1));
    end.map_or(words, |end| &words[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_answer_is_told_of_without_its_body() {
        let words = "the answer is not JSON but an HTML page (HTTP 503) that begins: <html> (x)";
        let failed = FailedCall::new(CallFailureKind::Unreadable, words);
        assert_eq!(failed.reason, "the answer is not JSON but an HTML page (HTTP 503)");
        let refused = "the provider answered an error (HTTP 200): Not enough funds";
        assert_eq!(FailedCall::new(CallFailureKind::Refused, refused).reason, refused);
    }
}
