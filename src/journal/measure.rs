//! What is measured of appends.

use std::{collections::HashMap, time::Duration};

use super::{AppendError, Appended, batch::Answers, request::AppendRequest};
use crate::metrics::{self, AppendOutcome};

/// Notes a batch and the events that it brought on record.
pub(super) fn batch(requests: &[AppendRequest], answers: &Answers, took: Duration) {
    metrics::batch_written(requests.len(), took);
    let recorded = requests.iter().zip(answers).filter(|(_, answer)| answer.is_ok());
    let mut counts: HashMap<&'static str, u64> = HashMap::new();
    for event in recorded.flat_map(|(request, _)| request.events()) {
        *counts.entry(event.event_type).or_default() += 1;
    }
    counts.into_iter().for_each(|(event_type, count)| metrics::events_recorded(event_type, count));
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
