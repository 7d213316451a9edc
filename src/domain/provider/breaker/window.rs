use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::{BreakerPolicy, SuspensionCause};

/// What was counted of a provider's attempts lately: those that it has to answer for, and no others.
#[derive(Debug, Default)]
pub struct Window {
    /// When each ended, and whether it failed; the oldest first.
    attempts: VecDeque<(DateTime<Utc>, Ended)>,
    failed: usize,
    failed_in_a_row: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Badly,
}

/// A reason to set a provider aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// Which.
    pub cause: SuspensionCause,
    /// The same in words, with figures.
    pub reason: String,
    /// For how long the provider asks to be left alone, where it does.
    pub retry_after: Option<TimeDelta>,
}

impl Window {
    /// Counts an attempt that was placed.
    pub fn placed(&mut self, now: DateTime<Utc>, policy: &BreakerPolicy) {
        self.failed_in_a_row = 0;
        self.count(now, Ended::Well, policy);
    }

    /// Counts an attempt that failed, and judges whether it is enough now.
    pub fn failed(
        &mut self,
        now: DateTime<Utc>,
        last: &str,
        policy: &BreakerPolicy,
    ) -> Option<Trip> {
        self.failed_in_a_row += 1;
        self.count(now, Ended::Badly, policy);
        let trip = |cause, figures: String| {
            let reason = format!("{figures}, the last: {last}");
            Some(Trip { cause, reason, retry_after: None })
        };
        let (failed, all) = (self.failed, self.attempts.len());
        if self.failed_in_a_row >= policy.failures_in_a_row {
            let figures = format!("{} attempts in a row failed", self.failed_in_a_row);
            return trip(SuspensionCause::FailuresInARow, figures);
        }
        if all >= policy.least_attempts && failed * 100 >= all * policy.failed_percent {
            let seconds = policy.window.num_seconds();
            let figures = format!("{failed} of {all} attempts within {seconds} s failed");
            return trip(SuspensionCause::FailureShare, figures);
        }
        None
    }

    fn count(&mut self, now: DateTime<Utc>, ended: Ended, policy: &BreakerPolicy) {
        self.attempts.push_back((now, ended));
        self.failed += usize::from(ended == Ended::Badly);
        // What is later than now was counted before the clock was set back.
        let past = |at: &DateTime<Utc>| *at + policy.window <= now || *at > now;
        while let Some((_, ended)) = self.attempts.front().copied().filter(|(at, _)| past(at)) {
            self.attempts.pop_front();
            self.failed -= usize::from(ended == Ended::Badly);
        }
    }
}
