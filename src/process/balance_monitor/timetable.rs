use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::BalancePace;
use crate::{
    domain::{ProviderId, provider::Silence},
    process::{
        rests::Rests,
        timing::{anywhere_in, longest_due},
    },
};

/// When each provider is asked next, and how often it has failed to answer.
#[derive(Debug)]
pub(super) struct Timetable {
    pace: BalancePace,
    interval: Duration,
    rests: Rests,
    entries: HashMap<ProviderId, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// `None` while it is being asked.
    due: Option<Instant>,
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    calls: u32,
    since: DateTime<Utc>,
}

impl Timetable {
    /// Asks each within one interval, so that a restart sets off no storm.
    pub(super) fn new(pace: BalancePace, interval: Duration, rests: Rests) -> Self {
        Self { pace, interval, rests, entries: HashMap::new() }
    }

    /// Takes the providers that are to be asked. Those that are known keep their time.
    pub(super) fn update(&mut self, providers: Vec<ProviderId>, now: Instant) {
        let mut known = std::mem::take(&mut self.entries);
        for id in providers {
            let entry = known.remove(&id).unwrap_or_else(|| {
                let due = now + anywhere_in(self.interval);
                Entry { due: Some(due), failed: None }
            });
            self.entries.insert(id, entry);
        }
    }

    /// Returns up to so many that are due and did not ask to be left alone; they are being asked from now on.
    pub(super) fn take_due(&mut self, most: usize, now: Instant) -> Vec<ProviderId> {
        let entries = self.entries.iter().filter(|(id, _)| self.rests.is_over(**id, now));
        let due = longest_due(entries.map(|(id, entry)| (*id, entry.due)), most, now);
        for id in &due {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.due = None;
            }
        }
        due
    }

    /// Notes that one answered.
    pub(super) fn answered(&mut self, id: ProviderId, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&id) {
            *entry = Entry { due: Some(now + BalancePace::jittered(self.interval)), failed: None };
        }
    }

    /// Notes that one could not be asked, through no fault of its own.
    pub(super) fn not_asked(&mut self, id: ProviderId, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.due = Some(now + BalancePace::jittered(self.pace.retry.min(self.interval)));
        }
    }

    /// Notes that one did not answer; returns its silence once that is long enough to be told.
    pub(super) fn failed(
        &mut self,
        id: ProviderId,
        reason: String,
        now: (Instant, DateTime<Utc>),
    ) -> Option<Silence> {
        let pace = self.pace;
        let entry = self.entries.get_mut(&id)?;
        let failed = entry.failed.get_or_insert(Failed { calls: 0, since: now.1 });
        failed.calls = failed.calls.saturating_add(1);
        let is_down = failed.calls >= pace.down_after;
        let wait = if is_down { self.interval } else { pace.retry.min(self.interval) };
        entry.due = Some(now.0 + BalancePace::jittered(wait));
        let (failed_calls, since) = (i64::from(failed.calls), failed.since);
        is_down.then_some(Silence { failed_calls, since, reason })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::domain::provider::BreakerPolicy;

    const MINUTE: Duration = Duration::from_secs(60);

    fn id(number: u128) -> ProviderId {
        ProviderId(Uuid::from_u128(number))
    }

    fn timetable() -> Timetable {
        let rests = Rests::under(BreakerPolicy::default());
        Timetable::new(BalancePace::default(), 5 * MINUTE, rests)
    }

    #[test]
    fn every_provider_is_asked_once_within_an_interval() {
        let (mut timetable, now) = (timetable(), Instant::now());
        timetable.update((0..20).map(id).collect(), now);
        assert_eq!(timetable.take_due(3, now + 5 * MINUTE).len(), 3);
        assert_eq!(timetable.take_due(99, now + 5 * MINUTE).len(), 17);
        assert_eq!(timetable.take_due(99, now + 60 * MINUTE), []);
    }

    #[test]
    fn provider_that_answered_is_left_alone_for_about_an_interval() {
        let (mut timetable, now) = (timetable(), Instant::now());
        timetable.update(vec![id(1)], now);
        timetable.take_due(9, now + 5 * MINUTE);
        timetable.answered(id(1), now);
        timetable.update(vec![id(1)], now);
        assert_eq!(timetable.take_due(9, now + 4 * MINUTE), []);
        assert_eq!(timetable.take_due(9, now + 6 * MINUTE), [id(1)]);
    }

    #[test]
    fn third_failure_on_end_is_told_with_the_time_of_the_first() {
        let (mut timetable, start) = (timetable(), Instant::now());
        timetable.update(vec![id(1)], start);
        let first = Utc::now();
        let mut fail = |seconds: i64| {
            let at = first + chrono::TimeDelta::seconds(seconds);
            timetable.failed(id(1), format!("after {seconds} s"), (start, at))
        };
        assert_eq!((fail(0), fail(30)), (None, None));
        let silence = fail(60).unwrap();
        assert_eq!((silence.failed_calls, silence.since), (3, first));
        assert_eq!(silence.reason, "after 60 s");
        timetable.answered(id(1), start);
        assert_eq!(timetable.failed(id(1), String::new(), (start, first)), None);
    }

    #[test]
    fn provider_that_failed_is_asked_again_soon_until_it_is_down() {
        let (mut timetable, now) = (timetable(), Instant::now());
        timetable.update(vec![id(1)], now);
        for _ in 0..2 {
            timetable.failed(id(1), String::new(), (now, Utc::now()));
            assert_eq!(timetable.take_due(9, now + MINUTE), [id(1)]);
        }
        timetable.failed(id(1), String::new(), (now, Utc::now()));
        assert_eq!(timetable.take_due(9, now + MINUTE), []);
    }

    #[test]
    fn provider_that_asks_to_be_left_alone_is_asked_no_earlier_than_it_says() {
        let (mut timetable, now) = (timetable(), Instant::now());
        timetable.update(vec![id(1)], now);
        timetable.failed(id(1), String::new(), (now, Utc::now()));
        timetable.rests.take(id(1), Some(TimeDelta::minutes(20)), now);
        assert_eq!(timetable.take_due(9, now + 19 * MINUTE), []);
        assert_eq!(timetable.take_due(9, now + 20 * MINUTE), [id(1)]);
    }

    #[test]
    fn provider_that_is_not_to_be_asked_any_more_is_forgotten() {
        let (mut timetable, now) = (timetable(), Instant::now());
        timetable.update(vec![id(1)], now);
        timetable.update(vec![], now);
        assert_eq!(timetable.take_due(9, now + 60 * MINUTE), []);
        assert_eq!(timetable.failed(id(1), String::new(), (now, Utc::now())), None);
    }
}
