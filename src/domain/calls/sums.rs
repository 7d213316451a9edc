use std::collections::BTreeMap;

use super::{ActionCalls, CallFailureKind, DurationBucket, DurationCount, FailureCount};

/// One call that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedCall<'a> {
    /// In the panel API's word.
    pub action: &'a str,
    /// How it came to nothing, where it did.
    pub failure: Option<CallFailureKind>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// Calls to one provider, summed up as they end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallSums {
    actions: BTreeMap<String, Sums>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sums {
    calls: i64,
    failures: BTreeMap<CallFailureKind, i64>,
    duration_ms: i64,
    durations: BTreeMap<DurationBucket, i64>,
}

impl CallSums {
    /// Takes a call in.
    pub fn take(&mut self, call: EndedCall<'_>) {
        let sums = match self.actions.get_mut(call.action) {
            Some(sums) => sums,
            None => self.actions.entry(call.action.to_owned()).or_default(),
        };
        let duration_ms = call.duration_ms.max(0);
        sums.calls += 1;
        sums.duration_ms = sums.duration_ms.saturating_add(duration_ms);
        *sums.durations.entry(DurationBucket::of_ms(duration_ms)).or_default() += 1;
        if let Some(kind) = call.failure {
            *sums.failures.entry(kind).or_default() += 1;
        }
    }

    /// Returns the sums as events hold them.
    pub fn into_actions(self) -> Vec<ActionCalls> {
        self.actions.into_iter().map(|(action, sums)| sums.of(action)).collect()
    }
}

impl Sums {
    fn of(self, action: String) -> ActionCalls {
        let failures = self.failures.into_iter();
        let durations = self.durations.into_iter();
        ActionCalls {
            action,
            calls: self.calls,
            failures: failures.map(|(kind, count)| FailureCount { kind, count }).collect(),
            duration_ms_sum: self.duration_ms,
            durations: durations.map(|(bucket, count)| DurationCount { bucket, count }).collect(),
        }
    }
}
