use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::CallPace;
use crate::{
    domain::{
        ProviderId,
        calls::{CallSums, EndedCall},
    },
    metrics,
    provider_api::{CallRecord, CallWatch},
};

/// Calls that wait to be written into the log: some seconds of the busiest minute.
const QUEUE: usize = 8_192;

/// The sums of every provider's calls, by the minute in which they ended.
pub(super) type Minutes = BTreeMap<(DateTime<Utc>, ProviderId), CallSums>;

/// Takes every call in as it ends. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallBook {
    minutes: Arc<Mutex<Minutes>>,
    minute: TimeDelta,
    /// `None` where no log is kept.
    log: Option<mpsc::Sender<CallRecord>>,
}

impl CallBook {
    /// Opens the book, and returns where its calls go that are to be logged.
    pub fn open(pace: CallPace) -> (Self, mpsc::Receiver<CallRecord>) {
        let (log, logged) = mpsc::channel(QUEUE);
        let minute = TimeDelta::from_std(pace.minute).unwrap_or(TimeDelta::MAX);
        let log = (!pace.keep.is_zero()).then_some(log);
        (Self { minutes: Arc::default(), minute, log }, logged)
    }

    /// Takes the minutes out that were over at an instant.
    pub(super) fn over_at(&self, now: DateTime<Utc>) -> Minutes {
        let mut minutes = self.minutes();
        let running = minutes.split_off(&(self.minute_of(now), ProviderId::default()));
        std::mem::replace(&mut *minutes, running)
    }

    /// Takes all minutes out, the running one as well.
    pub(super) fn all(&self) -> Minutes {
        std::mem::take(&mut *self.minutes())
    }

    /// Returns when the minute began that an instant lies in.
    pub(super) fn minute_of(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let length = self.minute.num_milliseconds().max(1);
        let begin = at.timestamp_millis().div_euclid(length) * length;
        DateTime::from_timestamp_millis(begin).unwrap_or(at)
    }

    fn minutes(&self) -> MutexGuard<'_, Minutes> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallWatch for CallBook {
    fn ended(&self, call: CallRecord) {
        let (action, duration_ms) = (call.action, call.duration_ms);
        let failure = call.failure.as_ref().map(|failure| failure.kind);
        let text = call.failure.as_ref().and_then(|failure| failure.text.as_ref());
        {
            let mut minutes = self.minutes();
            // Under the lock, so that no minute is added to after it was taken out as over.
            let minute = self.minute_of(Utc::now());
            let sums = minutes.entry((minute, call.provider_id)).or_default();
            sums.take(EndedCall { action, failure, text, duration_ms });
        }
        if self.log.as_ref().is_some_and(|log| log.try_send(call).is_err()) {
            metrics::call_not_logged(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(action: &'static str) -> CallRecord {
        CallRecord {
            provider_id: ProviderId::default(),
            action,
            started_at: Utc::now(),
            duration_ms: 5,
            http_status: Some(200),
            failure: None,
        }
    }

    #[test]
    fn minute_is_taken_out_once_it_is_over_and_once_only() {
        let (book, _logged) = CallBook::open(CallPace::default());
        let before = Utc::now();
        book.ended(call("add"));
        book.ended(call("status"));
        let after_it = book.minute_of(Utc::now()) + TimeDelta::minutes(1);
        if book.minute_of(before) == book.minute_of(Utc::now()) {
            assert!(book.over_at(Utc::now()).is_empty(), "it is running");
        }
        let over = book.over_at(after_it);
        let actions = over.into_values().flat_map(CallSums::into_actions);
        assert_eq!(actions.map(|sums| sums.calls).sum::<i64>(), 2);
        assert!(book.all().is_empty());
    }

    #[tokio::test]
    async fn log_that_is_full_drops_calls_and_still_counts_them() {
        let (book, mut logged) = CallBook::open(CallPace::default());
        for _ in 0..QUEUE + 10 {
            book.ended(call("add"));
        }
        let counted = book.all().into_values().flat_map(CallSums::into_actions);
        assert_eq!(counted.map(|sums| sums.calls).sum::<i64>(), QUEUE as i64 + 10);
        let mut calls = 0;
        while logged.try_recv().is_ok() {
            calls += 1;
        }
        assert_eq!(calls, QUEUE);
    }

    #[test]
    fn log_that_is_kept_for_no_time_takes_nothing() {
        let pace = CallPace { keep: Duration::ZERO, ..CallPace::default() };
        let (book, mut logged) = CallBook::open(pace);
        book.ended(call("add"));
        assert!(logged.try_recv().is_err());
    }
}
