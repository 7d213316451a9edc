//! The newest events in memory, as far as this process appended them.
//!
//! # Correctness
//! An entry is kept once its request is on disk, with the positions that the database gave it. What another process appends
//! leaves a gap, and what is old is let go: a reader that does not find its next position here reads the table.
//!
//! # Cost
//! A follower of its own process's events asks the database for nothing, and parses what passes its filter alone.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Appended,
    batch::Answers,
    request::{AppendRequest, PlacedEvent},
};

/// Most bytes that are kept, about: some tenths of a second of appends at their fastest, and followers rest for less.
const ROOM: usize = 16 << 20;

/// A request that is on disk, and where its last event stands.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) request: AppendRequest,
    pub(super) end: Appended,
}

/// The entries, oldest first. Cheap to clone; every clone sees the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl Entries {
    fn push(&mut self, entry: Entry) {
        // A database that has been put back to an earlier state never had what followed.
        if self.entries.back().is_some_and(|last| entry.after() < last.end.position.0) {
            *self = Self::default();
        }
        self.bytes += entry.request.bytes();
        self.entries.push_back(Arc::new(entry));
    }

    fn let_go(&mut self) {
        while self.bytes > ROOM
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.request.bytes();
        }
    }
}

impl Entry {
    /// The position before its first event.
    fn after(&self) -> i64 {
        self.end.position.0 - self.request.event_count() as i64
    }

    /// Its events with their positions.
    pub(super) fn events(&self) -> impl Iterator<Item = (i64, PlacedEvent<'_>)> {
        (self.after() + 1..).zip(self.request.placed_events())
    }
}

impl Tail {
    /// Keeps those requests of a batch that are on disk.
    pub(super) fn keep(&self, requests: Vec<AppendRequest>, answers: &Answers) {
        let mut kept = self.lock();
        for (request, answer) in requests.into_iter().zip(answers) {
            let Ok(end) = *answer else { continue };
            if request.event_count() > 0 {
                kept.push(Entry { request, end });
            }
        }
        kept.let_go();
    }

    /// Returns the entries that follow a position without a gap, until they hold so many events, and the position up to which
    /// they reach; nothing where the next event is not here.
    pub(super) fn after(&self, position: i64, most: i64) -> Option<(Vec<Arc<Entry>>, i64)> {
        let kept = self.lock();
        let first = kept.entries.partition_point(|entry| entry.end.position.0 <= position);
        let mut upto = position;
        let mut found = vec![];
        for entry in kept.entries.range(first..) {
            let follows = entry.after() <= upto;
            if !follows || upto >= position + most {
                break;
            }
            upto = entry.end.position.0;
            found.push(Arc::clone(entry));
        }
        (!found.is_empty()).then_some((found, upto))
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        OrderId, Position,
        order::{Order, OrderEvent},
    };

    fn request(events: usize) -> AppendRequest {
        let event = OrderEvent::OrderFailed { reason: "test".to_owned(), decision: None };
        AppendRequest::of_command("test").append::<Order>(
            OrderId(Uuid::from_u128(1)),
            7,
            &vec![event; events],
        )
    }

    fn keep(tail: &Tail, requests: &[(usize, i64)]) {
        let recorded_at = Utc::now();
        let answers = requests.iter().map(|(_, position)| {
            let position = Position(*position);
            Ok(Appended { position, recorded_at })
        });
        let answers = answers.collect();
        tail.keep(requests.iter().map(|(events, _)| request(*events)).collect(), &answers);
    }

    fn positions(tail: &Tail, after: i64, most: i64) -> Vec<i64> {
        let entries = tail.after(after, most).map_or(vec![], |(entries, _)| entries);
        entries.iter().flat_map(|entry| entry.events().map(|(position, ..)| position)).collect()
    }

    #[test]
    fn events_stand_where_the_database_put_them() {
        let tail = Tail::default();
        keep(&tail, &[(2, 12), (0, 12), (1, 13)]);
        let (entries, upto) = tail.after(10, 100).unwrap();
        assert_eq!(upto, 13);
        let places: Vec<_> =
            entries[0].events().map(|(at, placed)| (at, placed.sequence)).collect();
        assert_eq!(places, [(11, 8), (12, 9)]);
        assert_eq!(positions(&tail, 10, 100), [11, 12, 13]);
        assert_eq!(positions(&tail, 12, 100), [13]);
        assert_eq!(positions(&tail, 13, 100), [0; 0]);
    }

    #[test]
    fn reader_within_a_request_gets_the_whole_of_it() {
        let tail = Tail::default();
        keep(&tail, &[(3, 13)]);
        assert_eq!(positions(&tail, 11, 100), [11, 12, 13]);
    }

    #[test]
    fn nothing_is_found_where_another_process_appended() {
        let tail = Tail::default();
        keep(&tail, &[(2, 12), (1, 15), (1, 16)]);
        assert_eq!(positions(&tail, 9, 100), [0; 0]);
        assert_eq!(positions(&tail, 10, 100), [11, 12]);
        assert_eq!(positions(&tail, 12, 100), [0; 0]);
        assert_eq!(positions(&tail, 14, 100), [15, 16]);
    }

    #[test]
    fn page_ends_with_the_request_that_fills_it() {
        let tail = Tail::default();
        keep(&tail, &[(2, 12), (2, 14), (2, 16)]);
        assert_eq!(positions(&tail, 10, 3), [11, 12, 13, 14]);
    }

    #[test]
    fn refused_requests_are_not_kept() {
        let tail = Tail::default();
        tail.keep(vec![request(1)], &vec![Err(crate::journal::AppendError::OutcomeUnknown)]);
        assert!(tail.after(0, 100).is_none());
    }

    #[test]
    fn what_a_database_put_back_has_lost_is_forgotten() {
        let tail = Tail::default();
        keep(&tail, &[(2, 12), (2, 14)]);
        keep(&tail, &[(1, 12)]);
        assert_eq!(positions(&tail, 10, 100), [0; 0]);
        assert_eq!(positions(&tail, 11, 100), [12]);
    }

    #[test]
    fn old_ones_are_let_go() {
        let tail = Tail::default();
        let big = || {
            let reason = "x".repeat(1 << 20);
            let event = OrderEvent::OrderFailed { reason, decision: None };
            AppendRequest::of_command("test").append::<Order>(
                OrderId(Uuid::from_u128(1)),
                0,
                &[event],
            )
        };
        for position in 1..=40 {
            let end = Appended { position: Position(position), recorded_at: Utc::now() };
            tail.keep(vec![big()], &vec![Ok(end)]);
        }
        assert!(tail.after(0, 100).is_none());
        let kept = positions(&tail, 30, 100);
        assert_eq!(kept, (31..=40).collect::<Vec<_>>());
    }
}
