use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CallFailureKind, DurationBucket};
use crate::domain::{
    ProviderId,
    aggregate::event_types,
    refusal::{ErrorText, TextClass},
};

/// What can have happened to the calls of a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum CallsEvent {
    /// A minute is over, and these calls ended in it. A minute without any has no event. Each process that calls sums up
    /// its own, so a minute in which one followed another has two.
    CallsSummed {
        /// Who was called.
        provider_id: ProviderId,
        /// When the minute began.
        minute: DateTime<Utc>,
        /// By action, in the order of their names.
        actions: Vec<ActionCalls>,
    },
}

/// The calls of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionCalls {
    /// In the panel API's word, such as `add`.
    pub action: String,
    /// How many in all.
    pub calls: i64,
    /// Those of them that came to nothing, by how; kinds without one are absent.
    pub failures: Vec<FailureCount>,
    /// Sum of the times that all of them took, in milliseconds.
    pub duration_ms_sum: i64,
    /// The times by size; buckets without one are absent.
    pub durations: Vec<DurationCount>,
    /// The error texts that they were answered with, in the order of the texts; of all the event's actions together at most
    /// [`MAX_TEXTS`](super::MAX_TEXTS). Orders' texts are in the orders' own events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<TextCount>,
}

/// How many calls were answered with an error text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextCount {
    /// Which text, of at most [`MAX_ERROR_TEXT`](crate::domain::refusal::MAX_ERROR_TEXT) characters of the provider's.
    pub text: ErrorText,
    /// What it was last taken for.
    pub class: TextClass,
    /// How many.
    pub count: i64,
}

/// How many calls came to nothing in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// In which.
    pub kind: CallFailureKind,
    /// How many.
    pub count: i64,
}

/// How many calls took about the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurationCount {
    /// Which time.
    pub bucket: DurationBucket,
    /// How many.
    pub count: i64,
}

event_types!(CallsEvent { CallsSummed });
