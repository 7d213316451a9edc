//! Where the streams end that the appender has moved lately.
//!
//! # Correctness
//! What is known holds for one end of the journal, that of the appender's last batch, and is noted once that is on disk.
//! The database compares it with the true end, with the journal's lock in hand, before it spares itself a look; as soon as
//! another process has appended, it looks, and what was known is forgotten.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{judge::Heads, request::StreamId};

/// How many streams are remembered at least, and half of how many at most: more than are at work at a time.
const LATEST: usize = 16_384;

/// Where the journal ended after a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) position: i64,
    pub(super) recorded_at: DateTime<Utc>,
}

/// Heads as of an end of the journal.
#[derive(Debug, Default)]
pub(super) struct KnownHeads {
    end: Option<End>,
    latest: HashMap<StreamId, i64>,
    /// Those before, to be let go next.
    earlier: HashMap<StreamId, i64>,
}

impl KnownHeads {
    /// Returns the end of the journal for which they hold.
    pub(super) fn end(&self) -> Option<End> {
        self.end
    }

    /// Tells whether a stream was at this head.
    pub(super) fn has(&self, stream: &StreamId, head: i64) -> bool {
        let known = self.latest.get(stream).or_else(|| self.earlier.get(stream));
        known == Some(&head)
    }

    /// Notes where streams are after a batch; `followed` says whether the journal still ended before it where it was known
    /// to.
    pub(super) fn note(&mut self, heads: &Heads<'_>, end: End, followed: bool) {
        if !followed {
            self.latest.clear();
            self.earlier.clear();
        }
        self.end = Some(end);
        for (stream, head) in heads {
            match self.latest.get_mut(*stream) {
                Some(known) => *known = *head,
                None => self.remember((*stream).clone(), *head),
            }
        }
    }

    fn remember(&mut self, stream: StreamId, head: i64) {
        if self.latest.len() >= LATEST {
            self.earlier = std::mem::take(&mut self.latest);
        }
        self.latest.insert(stream, head);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{OrderId, order::Order};

    fn stream(n: u128) -> StreamId {
        StreamId::of::<Order>(OrderId(Uuid::from_u128(n)))
    }

    fn note(known: &mut KnownHeads, heads: &[(u128, i64)], followed: bool) {
        let heads: Vec<_> = heads.iter().map(|(n, head)| (stream(*n), *head)).collect();
        let end = End { position: 1, recorded_at: Utc::now() };
        let heads = heads.iter().map(|(stream, head)| (stream, *head)).collect();
        known.note(&heads, end, followed);
    }

    #[test]
    fn latest_head_counts() {
        let mut known = KnownHeads::default();
        note(&mut known, &[(1, 2), (2, 1)], true);
        note(&mut known, &[(1, 3)], true);
        assert!(known.has(&stream(1), 3) && known.has(&stream(2), 1));
        assert!(!known.has(&stream(1), 2) && !known.has(&stream(3), 0));
    }

    #[test]
    fn all_before_is_forgotten_once_somebody_else_has_appended() {
        let mut known = KnownHeads::default();
        note(&mut known, &[(1, 2)], true);
        note(&mut known, &[(2, 1)], false);
        assert!(known.has(&stream(2), 1) && !known.has(&stream(1), 2));
    }

    #[test]
    fn streams_that_have_not_moved_for_long_are_let_go() {
        let mut known = KnownHeads::default();
        for n in 0..2 * LATEST as u128 + 1 {
            note(&mut known, &[(n, 1), (0, n as i64)], true);
        }
        assert!(!known.has(&stream(1), 1), "the oldest");
        assert!(known.has(&stream(0), 2 * LATEST as i64), "one that moved all the time");
        assert!(known.has(&stream(LATEST as u128 + 7), 1), "one of the latest");
        assert!(known.latest.len() + known.earlier.len() <= 2 * LATEST);
    }
}
