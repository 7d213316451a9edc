//! What is to be asked, and when. In memory only: it follows from facts and the clock.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    StatusPace,
    ask::{Asked, Batch, Finished},
    pace::jittered,
    watch::{Line, Subject, Watch},
};
use crate::{
    domain::{
        OrderId,
        order::{OrderEvent, SettledAs},
    },
    journal::RecordedEvent,
    process::timing,
    provider_api::IDS_A_CALL,
};

/// Everything that is watched.
#[derive(Debug)]
pub(super) struct Schedule {
    pace: StatusPace,
    watches: HashMap<Subject, Watch>,
    lines: HashMap<Line, Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    due: BTreeSet<(Instant, Subject)>,
    /// A call is under way.
    busy: bool,
    /// The provider is left alone until then.
    rests_until: Option<Instant>,
    failures: u32,
}

impl Schedule {
    pub(super) fn new(pace: StatusPace) -> Self {
        Self { pace, watches: HashMap::new(), lines: HashMap::new() }
    }

    /// Goes on watching what was watched before, by this process or another.
    pub(super) fn resume(&mut self, subject: Subject, watch: Watch, now: Instant) {
        let Some(wait) = watch.wait(&self.pace) else { return };
        self.begin(subject, watch, now + timing::anywhere_in(wait));
    }

    /// Looks at an order that has ended once more within so long, unless it is watched.
    pub(super) fn look_again(
        &mut self,
        (subject, watch): (Subject, Watch),
        within: Duration,
        now: Instant,
    ) {
        self.begin(subject, watch, now + timing::anywhere_in(within));
    }

    /// Takes in what has happened to an order; returns one that is not watched, as it has ended, and yet is to be looked at.
    pub(super) fn take(&mut self, event: &RecordedEvent<'_>, now: Instant) -> Option<OrderId> {
        let order = event.aggregate_id.parse().ok()?;
        match event.content() {
            Ok(happened) => self.take_event((order, happened), event.recorded_at, now),
            Err(error) => {
                let position = event.position;
                tracing::error!(position, %error, "event left out of the watch on orders");
                None
            }
        }
    }

    fn take_event(
        &mut self,
        (order, event): (OrderId, OrderEvent),
        at: DateTime<Utc>,
        now: Instant,
    ) -> Option<OrderId> {
        match event {
            OrderEvent::AttemptPlaced { provider_id, api_order_id, .. }
            | OrderEvent::AttemptSettled {
                settled_as: SettledAs::Placed,
                provider_id,
                api_order_id: Some(api_order_id),
                ..
            } => {
                let watch = Watch::new(provider_id, api_order_id, at);
                self.begin_by_age(Subject::Order(order), watch, now);
            }
            OrderEvent::OrderStatusChanged { status, .. } if status.has_ended() => {
                self.forget(&Subject::Order(order));
            }
            OrderEvent::OrderStatusChanged { provider_id, api_order_id, .. } => {
                let watch = Watch::new(provider_id, api_order_id, at);
                self.moved(Subject::Order(order), watch, now);
            }
            // A provider may take such a request even where the order has ended.
            OrderEvent::CancelRequested { .. } => {
                let subject = Subject::Order(order);
                if !self.watches.contains_key(&subject) {
                    return Some(order);
                }
                self.put(&subject, now + jittered(self.pace.first));
            }
            OrderEvent::RefillRequested { provider_id, refill_id } => {
                let watch = Watch::new(provider_id, refill_id.clone(), at);
                self.begin_by_age(Subject::Refill(order, refill_id), watch, now);
            }
            OrderEvent::RefillStatusChanged { refill_id, status, .. } if status.has_ended() => {
                self.forget(&Subject::Refill(order, refill_id));
            }
            OrderEvent::RefillStatusChanged { provider_id, refill_id, .. } => {
                let watch = Watch::new(provider_id, refill_id.clone(), at);
                self.moved(Subject::Refill(order, refill_id), watch, now);
            }
            _ => {}
        }
        None
    }

    fn begin_by_age(&mut self, subject: Subject, watch: Watch, now: Instant) {
        let Some(wait) = watch.wait(&self.pace) else { return };
        self.begin(subject, watch, now + jittered(wait));
    }

    /// Watches what is not watched yet.
    fn begin(&mut self, subject: Subject, watch: Watch, due: Instant) {
        if self.watches.contains_key(&subject) {
            return;
        }
        self.watches.insert(subject.clone(), watch);
        self.put(&subject, due);
    }

    /// Something new was said; also of what was not watched any more.
    fn moved(&mut self, subject: Subject, now_known: Watch, now: Instant) {
        let watch = self.watches.entry(subject.clone()).or_insert(now_known);
        watch.has_ended = false;
        watch.last = None;
        self.put_by_age(&subject, now);
    }

    fn put_by_age(&mut self, subject: &Subject, now: Instant) {
        match self.watches.get(subject).and_then(|watch| watch.wait(&self.pace)) {
            Some(wait) => self.put(subject, now + jittered(wait)),
            None => self.forget(subject),
        }
    }

    /// Makes it due then, whenever it was due before.
    fn put(&mut self, subject: &Subject, due: Instant) {
        let Some(watch) = self.watches.get_mut(subject) else { return };
        let queue = self.lines.entry((watch.provider, subject.kind())).or_default();
        if let Some(before) = watch.due.replace(due) {
            queue.due.remove(&(before, subject.clone()));
        }
        queue.due.insert((due, subject.clone()));
    }

    fn forget(&mut self, subject: &Subject) {
        let Some(watch) = self.watches.remove(subject) else { return };
        let line = (watch.provider, subject.kind());
        if let (Some(due), Some(queue)) = (watch.due, self.lines.get_mut(&line)) {
            queue.due.remove(&(due, subject.clone()));
        }
    }

    /// Returns when something is due at a provider that can be asked then.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lines.values().filter_map(Queue::ready).min()
    }

    /// Takes out what is due at one provider, with what is due there soon; its line is busy until `finished`.
    pub(super) fn next_batch(&mut self, now: Instant) -> Option<Batch> {
        let is_ready = |queue: &Queue| queue.ready().is_some_and(|ready| ready <= now);
        let (line, queue) = self.lines.iter_mut().find(|(_, queue)| is_ready(queue))?;
        queue.busy = true;
        let mut asked = vec![];
        while asked.len() < IDS_A_CALL
            && let Some((due, _)) = queue.due.first()
            && *due <= now + self.pace.gather
            && let Some((_, subject)) = queue.due.pop_first()
        {
            let Some(watch) = self.watches.get_mut(&subject) else { continue };
            watch.due = None;
            let (id_there, last) = (watch.id_there.clone(), watch.last.clone());
            asked.push(Asked { subject, id_there, last });
        }
        Some(Batch { line: *line, asked })
    }

    /// Takes in what came of a batch.
    pub(super) fn finished(&mut self, finished: Finished, now: Instant) {
        let Finished { line, said, failed } = finished;
        let queue = self.lines.entry(line).or_default();
        queue.busy = false;
        queue.failures = if failed { queue.failures + 1 } else { 0 };
        let rest = self.pace.rest_after(queue.failures);
        queue.rests_until = failed.then(|| now + jittered(rest));
        for (subject, said) in said {
            // Something may have put it in its place meanwhile.
            let Some(watch) = self.watches.get_mut(&subject).filter(|w| w.due.is_none()) else {
                continue;
            };
            watch.last = said;
            match failed {
                true => self.put(&subject, now),
                false => self.put_by_age(&subject, now),
            }
        }
    }
}

impl Queue {
    fn ready(&self) -> Option<Instant> {
        let (due, _) = self.due.first().filter(|_| !self.busy)?;
        Some(self.rests_until.map_or(*due, |rested| rested.max(*due)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ProviderId;
    use crate::process::order_status::watch::Kind;

    fn order(n: u128) -> Subject {
        Subject::Order(OrderId(Uuid::from_u128(n)))
    }

    fn watch(provider: u128, ago: TimeDelta) -> Watch {
        let provider = ProviderId(Uuid::from_u128(provider));
        Watch::new(provider, "1".to_owned(), Utc::now() - ago)
    }

    fn schedule_of(orders: u128, provider: u128, now: Instant) -> Schedule {
        let mut schedule = Schedule::new(StatusPace::default());
        for n in 0..orders {
            schedule.resume(order(n), watch(provider, TimeDelta::zero()), now);
        }
        schedule
    }

    fn answered(batch: &Batch) -> Finished {
        let said = batch.asked.iter().map(|asked| (asked.subject.clone(), None));
        Finished { line: batch.line, said: said.collect(), failed: false }
    }

    #[test]
    fn batches_hold_at_most_a_hundred_and_one_is_under_way_at_a_provider() {
        let now = Instant::now();
        let mut schedule = schedule_of(250, 1, now);
        let now = now + Duration::from_secs(31);
        let mut sizes = vec![];
        while let Some(batch) = schedule.next_batch(now) {
            assert!(schedule.next_batch(now).is_none(), "two calls at once");
            sizes.push(batch.asked.len());
            schedule.finished(answered(&batch), now);
        }
        assert_eq!(sizes, [100, 100, 50]);
    }

    #[test]
    fn start_spreads_what_it_finds() {
        let now = Instant::now();
        let mut schedule = schedule_of(1000, 1, now);
        let mut asked = vec![];
        for tick in 1..=6 {
            let now = now + Duration::from_secs(5 * tick);
            let mut of_this_time = 0;
            while let Some(batch) = schedule.next_batch(now) {
                of_this_time += batch.asked.len();
                schedule.finished(answered(&batch), now);
            }
            asked.push(of_this_time);
        }
        assert!(asked[0] < 500, "{asked:?}");
    }

    #[test]
    fn failing_provider_rests_and_holds_up_no_other() {
        let now = Instant::now();
        let mut schedule = schedule_of(2, 1, now);
        schedule.resume(order(9), watch(2, TimeDelta::zero()), now);
        let now = now + Duration::from_secs(31);
        let mut failures = 0;
        for _ in 0..2 {
            let batch = schedule.next_batch(now).unwrap();
            let failed = batch.line.0 == ProviderId(Uuid::from_u128(1));
            failures += usize::from(failed);
            schedule.finished(Finished { failed, ..answered(&batch) }, now);
        }
        assert_eq!(failures, 1);
        assert!(schedule.next_batch(now).is_none());
        assert!(schedule.next_due().unwrap() > now + Duration::from_secs(10));
        let now = now + Duration::from_secs(19);
        assert_eq!(schedule.next_batch(now).unwrap().asked.len(), 2);
    }

    #[test]
    fn order_that_has_ended_is_looked_at_once_in_its_round_unless_it_is_watched() {
        let now = Instant::now();
        let mut schedule = schedule_of(1, 1, now);
        let ended = || Watch { has_ended: true, ..watch(1, TimeDelta::days(9)) };
        let minute = Duration::from_secs(60);
        schedule.look_again((order(0), ended()), minute, now);
        schedule.look_again((order(1), ended()), minute, now);
        let now = now + minute;
        let batch = schedule.next_batch(now).unwrap();
        assert_eq!(batch.asked.len(), 2);
        schedule.finished(answered(&batch), now);
        let subjects: Vec<_> = schedule.watches.keys().collect();
        assert_eq!(subjects, [&order(0)]);
    }

    #[test]
    fn orders_and_refills_are_asked_about_apart() {
        let now = Instant::now();
        let mut schedule = schedule_of(1, 1, now);
        let refill = Subject::Refill(OrderId(Uuid::from_u128(0)), "7".to_owned());
        schedule.resume(refill, watch(1, TimeDelta::zero()), now);
        let now = now + Duration::from_secs(31);
        let kinds =
            [schedule.next_batch(now).unwrap().line.1, schedule.next_batch(now).unwrap().line.1];
        assert!(kinds == [Kind::Orders, Kind::Refills] || kinds == [Kind::Refills, Kind::Orders]);
    }
}
