//! What the watch on providers' health hears of an attempt whose outcome is on record.

use chrono::{TimeDelta, Utc};

use super::drive::Drive;
use crate::{
    domain::{AttemptId, order::OrderEvent, provider::Outcome},
    process::AttemptReport,
};

/// What became of an attempt, besides which one it was.
struct End<'a> {
    outcome: Outcome,
    words: &'a str,
    response_ms: Option<i64>,
}

impl Drive {
    /// Tells how attempts ended, of which these events say so.
    pub(super) fn tell_health(&self, events: &[OrderEvent]) {
        for event in events {
            let report = ended(event).and_then(|(attempt, end)| self.report_of(attempt, end));
            if let Some(report) = report {
                self.shared.needs.reports.send(report);
            }
        }
    }

    fn report_of(&self, attempt: AttemptId, end: End<'_>) -> Option<AttemptReport> {
        let attempt = self.order.attempt(attempt)?;
        let took = TimeDelta::milliseconds(end.response_ms.unwrap_or_default());
        Some(AttemptReport {
            provider_id: attempt.provider_id,
            service_id: attempt.service_id,
            attempt_id: attempt.attempt_id,
            is_trial: attempt.is_trial,
            began_at: Utc::now() - took,
            outcome: end.outcome,
            words: end.words.to_owned(),
        })
    }
}

/// Returns which attempt ended how. One that is in doubt because this program ended, or because its answer could not be
/// kept, says nothing of the provider: it has no duration.
fn ended(event: &OrderEvent) -> Option<(AttemptId, End<'_>)> {
    match event {
        OrderEvent::AttemptPlaced { attempt_id, response_ms, .. } => {
            let response_ms = Some(*response_ms);
            Some((*attempt_id, End { outcome: Outcome::Placed, words: "", response_ms }))
        }
        OrderEvent::AttemptRefused {
            attempt_id,
            class,
            reason,
            response_ms,
            retry_after_seconds,
            ..
        } => {
            let retry_after = retry_after(*retry_after_seconds);
            let outcome = Outcome::Refused { class: *class, retry_after };
            Some((*attempt_id, End { outcome, words: reason, response_ms: *response_ms }))
        }
        OrderEvent::AttemptInDoubt {
            attempt_id, reason, response_ms, retry_after_seconds, ..
        } => {
            let outcome = match response_ms {
                Some(_) => Outcome::InDoubt { retry_after: retry_after(*retry_after_seconds) },
                None => Outcome::NotSent,
            };
            Some((*attempt_id, End { outcome, words: reason, response_ms: *response_ms }))
        }
        OrderEvent::AttemptNotSent { attempt_id, reason, .. } => {
            let (outcome, response_ms) = (Outcome::NotSent, None);
            Some((*attempt_id, End { outcome, words: reason, response_ms }))
        }
        _ => None,
    }
}

fn retry_after(seconds: Option<i64>) -> Option<TimeDelta> {
    seconds.and_then(TimeDelta::try_seconds)
}
