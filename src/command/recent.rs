//! The states to which this process's own appends have led, so that the next command on a stream need not read it again.
//!
//! Correctness: a state is handed out once and comes back with the append that it led to. What another process appended
//! meanwhile is found out by that append, which conflicts; the state is gone by then, and the next load reads the stream.

use std::{any::Any, fmt, sync::Arc};

use quick_cache::sync::Cache;

use super::{Loaded, Stored};
use crate::journal::StreamId;

/// Most states that are kept: an order's takes one or two kilobytes.
const CAPACITY: usize = 10_000;

/// States of streams of any kind, the latest and the most used.
pub(super) struct RecentStates {
    states: Cache<StreamId, Arc<dyn Any + Send + Sync>>,
}

impl Default for RecentStates {
    fn default() -> Self {
        Self { states: Cache::new(CAPACITY) }
    }
}

impl fmt::Debug for RecentStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentStates").field("len", &self.states.len()).finish()
    }
}

impl RecentStates {
    /// Hands out a stream's state, where it is known.
    pub(super) fn take<A: Stored>(&self, id: &str) -> Option<Loaded<A>> {
        let (_, state) = self.states.remove(&StreamId::of::<A>(id))?;
        Arc::try_unwrap(state.downcast().ok()?).ok()
    }

    /// Takes in what a stream has become.
    pub(super) fn keep<A: Stored>(&self, state: Loaded<A>) {
        self.states.insert(StreamId::of::<A>(&state.id), Arc::new(state));
    }
}
