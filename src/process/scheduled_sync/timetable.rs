use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::SyncPace;
use crate::{
    domain::ProviderId,
    process::{
        rests::Rests,
        timing::{anywhere_in, longest_due},
    },
    read::SyncScheduleRow,
};

/// A wait grows by up to this part of the interval, so that what began together does not stay together.
const JITTER: u32 = 10;

/// When each provider is synced next.
#[derive(Debug)]
pub(super) struct Timetable {
    pace: SyncPace,
    rests: Rests,
    entries: HashMap<ProviderId, Entry>,
}

#[derive(Debug)]
struct Entry {
    row: SyncScheduleRow,
    /// `None` while it is under way.
    due: Option<Instant>,
}

/// One moment, by the wall clock and by the one that does not jump.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: DateTime<Utc>,
    pub(super) steady: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { wall: Utc::now(), steady: Instant::now() }
    }
}

impl Timetable {
    pub(super) fn new(pace: SyncPace, rests: Rests) -> Self {
        Self { pace, rests, entries: HashMap::new() }
    }

    /// Takes the rhythms as they stand. What is as before keeps its time.
    pub(super) fn update(&mut self, rows: Vec<SyncScheduleRow>, now: Moment) {
        let mut known = std::mem::take(&mut self.entries);
        for row in rows {
            let id = ProviderId(row.provider_id);
            let entry = match known.remove(&id) {
                Some(entry) if entry.row == row || entry.due.is_none() => entry,
                _ => Entry { due: Some(self.due(&row, now)), row },
            };
            self.entries.insert(id, entry);
        }
    }

    /// Returns up to so many providers whose time has come and that did not ask to be left alone, the longest due first; they
    /// are under way from now on.
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

    /// Takes note that a sync is over. Once its start is read, the next one is planned by that.
    pub(super) fn finished(&mut self, provider: ProviderId, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&provider) {
            entry.due = Some(now + self.pace.rest);
        }
    }

    fn due(&self, row: &SyncScheduleRow, now: Moment) -> Instant {
        let interval = self.pace.minute * u32::try_from(row.minutes).unwrap_or_default();
        let age = (now.wall - row.since).to_std().unwrap_or_default();
        match interval.saturating_sub(age) {
            Duration::ZERO => now.steady + anywhere_in(self.pace.overdue_within.min(interval)),
            left => now.steady + left + anywhere_in(interval / JITTER),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::domain::provider::BreakerPolicy;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn timetable() -> Timetable {
        Timetable::new(SyncPace::default(), Rests::under(BreakerPolicy::default()))
    }

    fn row(provider: u128, minutes: i32, since: DateTime<Utc>) -> SyncScheduleRow {
        SyncScheduleRow { provider_id: Uuid::from_u128(provider), minutes, since }
    }

    fn hours_before(now: Moment, hours: i64) -> DateTime<Utc> {
        now.wall - TimeDelta::hours(hours)
    }

    fn all_due(timetable: &mut Timetable, at: Instant) -> usize {
        timetable.take_due(usize::MAX, at).len()
    }

    #[test]
    fn sync_is_due_an_interval_after_the_last_one_and_up_to_a_tenth_later() {
        let now = Moment::now();
        let mut timetable = timetable();
        timetable.update((0..200).map(|id| row(id, 600, hours_before(now, 2))).collect(), now);
        assert_eq!(all_due(&mut timetable, now.steady + 8 * HOUR - Duration::from_secs(1)), 0);
        let halfway = all_due(&mut timetable, now.steady + 8 * HOUR + HOUR / 2);
        assert!((1..200).contains(&halfway), "{halfway} of 200 came together");
        assert_eq!(all_due(&mut timetable, now.steady + 9 * HOUR), 200 - halfway);
    }

    #[test]
    fn overdue_ones_begin_soon_but_not_all_at_once() {
        let now = Moment::now();
        let mut timetable = timetable();
        timetable.update((0..200).map(|id| row(id, 60, hours_before(now, 30))).collect(), now);
        let soon = SyncPace::default().overdue_within;
        let at_once = all_due(&mut timetable, now.steady + soon / 2);
        assert!((1..200).contains(&at_once), "{at_once} of 200 came together");
        assert_eq!(timetable.take_due(2, now.steady + soon).len(), 2);
        assert_eq!(all_due(&mut timetable, now.steady + soon), 198 - at_once);
    }

    #[test]
    fn look_that_finds_nothing_new_moves_nothing() {
        let now = Moment::now();
        let mut timetable = timetable();
        let rows = vec![row(1, 60, hours_before(now, 0))];
        timetable.update(rows.clone(), now);
        let later = Moment { steady: now.steady + 2 * HOUR, ..now };
        timetable.update(rows.clone(), later);
        assert_eq!(all_due(&mut timetable, later.steady), 1);
        timetable.update(rows, later);
        assert_eq!(all_due(&mut timetable, later.steady + HOUR), 0, "it is under way");
    }

    #[test]
    fn run_whose_start_is_on_record_is_followed_by_the_next_an_interval_later() {
        let now = Moment::now();
        let mut timetable = timetable();
        timetable.update(vec![row(1, 60, hours_before(now, 30))], now);
        let begun = now.steady + HOUR;
        assert_eq!(timetable.take_due(9, begun), [ProviderId(Uuid::from_u128(1))]);
        timetable.finished(ProviderId(Uuid::from_u128(1)), begun);
        timetable.update(vec![row(1, 60, now.wall)], now);
        assert_eq!(all_due(&mut timetable, now.steady + HOUR - Duration::from_secs(1)), 0);
        assert_eq!(all_due(&mut timetable, now.steady + 2 * HOUR), 1);
    }

    #[test]
    fn provider_that_asks_to_be_left_alone_is_synced_no_earlier_than_it_says() {
        let now = Moment::now();
        let mut timetable = timetable();
        timetable.update(vec![row(1, 60, hours_before(now, 30))], now);
        timetable.rests.take(ProviderId(Uuid::from_u128(1)), Some(TimeDelta::hours(1)), now.steady);
        assert_eq!(all_due(&mut timetable, now.steady + HOUR - Duration::from_secs(1)), 0);
        assert_eq!(all_due(&mut timetable, now.steady + HOUR), 1);
    }

    #[test]
    fn provider_without_an_interval_any_more_is_left_alone() {
        let now = Moment::now();
        let mut timetable = timetable();
        timetable.update(vec![row(1, 60, hours_before(now, 30))], now);
        timetable.update(vec![], now);
        assert_eq!(all_due(&mut timetable, now.steady + 9 * HOUR), 0);
    }
}
