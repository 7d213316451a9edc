//! Calls that keep a distance in time.
//!
//! # Correctness
//! Turns are given in the order in which they are asked for, each at least an interval after the one before, by a clock
//! that is never set. A turn that nobody takes in the end is lost, so calls are fewer then and never more.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The turns at one thing that is called. Cheap to clone; clones share the turns.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// When the next turn begins at the earliest.
    next: Arc<Mutex<Option<Instant>>>,
}

/// Turns at a distance that held when this was made.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    pace: Pace,
    every: Option<Duration>,
}

impl Pace {
    /// Gives turns at such a distance; without one, at once.
    pub fn every(&self, every: Option<Duration>) -> Turns {
        Turns { pace: self.clone(), every }
    }
}

impl Turns {
    /// Takes a turn if it begins now.
    pub fn try_take(&self) -> bool {
        let Some(every) = self.every else { return true };
        let now = Instant::now();
        let mut next = self.pace.next.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = next.is_none_or(|next| next <= now);
        if begun {
            *next = Some(now + every);
        }
        begun
    }

    /// Takes the next turn that is free, and returns when it begins.
    pub async fn take(&self) {
        let Some(every) = self.every else { return };
        let turn = {
            let mut next = self.pace.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(turn + every);
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTANCE: Duration = Duration::from_millis(60);

    #[tokio::test]
    async fn turns_follow_each_other_at_their_distance() {
        let turns = Pace::default().every(Some(DISTANCE));
        let began = Instant::now();
        for n in 0..5 {
            turns.take().await;
            assert!(began.elapsed() >= n * DISTANCE);
        }
    }

    #[tokio::test]
    async fn turn_is_not_taken_before_those_who_wait() {
        let turns = Pace::default().every(Some(DISTANCE));
        assert!(turns.try_take());
        assert!(!turns.try_take());
        let waiting = turns.take();
        let mut waiting = std::pin::pin!(waiting);
        let moment = Duration::from_millis(1);
        assert!(tokio::time::timeout(moment, &mut waiting).await.is_err());
        let began = Instant::now();
        while !turns.try_take() {
            tokio::time::sleep(moment).await;
        }
        assert!(began.elapsed() > DISTANCE, "the turn after the one that is waited for");
    }

    #[tokio::test]
    async fn without_a_distance_nobody_waits() {
        let turns = Pace::default().every(None);
        for _ in 0..1000 {
            turns.take().await;
            assert!(turns.try_take());
        }
    }

    #[tokio::test]
    async fn new_distance_holds_from_the_next_turn_on() {
        let pace = Pace::default();
        pace.every(Some(4 * DISTANCE)).take().await;
        let began = Instant::now();
        pace.every(Some(DISTANCE)).take().await;
        assert!(began.elapsed() >= 3 * DISTANCE);
        pace.every(Some(DISTANCE)).take().await;
        assert!(began.elapsed() >= 4 * DISTANCE);
    }
}
