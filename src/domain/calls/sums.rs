use std::collections::BTreeMap;

use super::{ActionCalls, CallFailureKind, DurationBucket, DurationCount, FailureCount, TextCount};
use crate::domain::refusal::{ErrorText, TextClass};

/// Most different error texts in one event, counted for each action. What comes when they are reached is counted as a
/// failure alone. Read models number an event's texts below 64.
pub const MAX_TEXTS: usize = 20;

/// An error text that a call was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetText {
    /// Which.
    pub text: ErrorText,
    /// What it was taken for.
    pub class: TextClass,
}

/// One call that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedCall<'a> {
    /// In the panel API's word.
    pub action: &'a str,
    /// How it came to nothing, where it did.
    pub failure: Option<CallFailureKind>,
    /// What error it was answered with, where it was no order's.
    pub text: Option<&'a MetText>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// Calls to one provider, summed up as they end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallSums {
    actions: BTreeMap<String, Sums>,
    texts: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sums {
    calls: i64,
    failures: BTreeMap<CallFailureKind, i64>,
    duration_ms: i64,
    durations: BTreeMap<DurationBucket, i64>,
    texts: BTreeMap<ErrorText, (TextClass, i64)>,
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
        if let Some(met) = call.text {
            self.texts += sums.meet(met, MAX_TEXTS - self.texts);
        }
    }

    /// Returns the sums as events hold them.
    pub fn into_actions(self) -> Vec<ActionCalls> {
        self.actions.into_iter().map(|(action, sums)| sums.of(action)).collect()
    }
}

impl Sums {
    /// Counts a text, where it is known or there is room for another; returns how many are new.
    fn meet(&mut self, met: &MetText, room: usize) -> usize {
        if let Some((class, count)) = self.texts.get_mut(&met.text) {
            (*class, *count) = (met.class, *count + 1);
            return 0;
        }
        if room == 0 {
            return 0;
        }
        self.texts.insert(met.text.clone(), (met.class, 1));
        1
    }

    fn of(self, action: String) -> ActionCalls {
        let failures = self.failures.into_iter();
        let durations = self.durations.into_iter();
        let texts = self.texts.into_iter();
        ActionCalls {
            action,
            calls: self.calls,
            failures: failures.map(|(kind, count)| FailureCount { kind, count }).collect(),
            duration_ms_sum: self.duration_ms,
            durations: durations.map(|(bucket, count)| DurationCount { bucket, count }).collect(),
            texts: texts.map(|(text, (class, count))| TextCount { text, class, count }).collect(),
        }
    }
}
