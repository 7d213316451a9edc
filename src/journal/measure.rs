//! What is measured of appends.

use std::time::Duration;

use super::{AppendError, Appended, batch::Answers, request::AppendRequest};
use crate::metrics::{self, AppendOutcome};

/// Notes a batch and the events that it brought on record.
pub(super) fn batch(requests: &[AppendRequest], answers: &Answers, took: Duration) {
    metrics::batch_written(requests.len(), took);
    let recorded = requests.iter().zip(answers).filter(|(_, answer)| answer.is_ok());
    let events = recorded.flat_map(|(request, _)| request.events());
    events.for_each(|event| metrics::event_recorded(event.event_type));
}

/// Notes how a request was answered.
pub(super) fn request(answer: &Result<Appended, AppendError>, took: Duration) {
    let outcome = match answer {
        Ok(_) => AppendOutcome::Appended,
        Err(AppendError::Conflict(_)) => AppendOutcome::Conflict,
        Err(AppendError::Invalid(_)) => AppendOutcome::Invalid,
        Err(AppendError::Unavailable(_)) => AppendOutcome::Unavailable,
        Err(AppendError::OutcomeUnknown) => AppendOutcome::Unknown,
    };
    metrics::append_answered(outcome, took);
}
