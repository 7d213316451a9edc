use std::{
    any::{Any, TypeId},
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_graphql::Context;
use tokio::sync::SetOnce;

use super::{
    batching::Waiting,
    error::{ApiError, ApiResult},
    limits::MAX_RELATED,
};
use crate::read::{ReadError, Reads};

/// What related things are asked for by. Its type says what is read.
pub(super) trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    /// What is found under one key.
    type Value: Clone + Send + Sync + 'static;

    /// Reads what is there for many keys at once.
    fn read(
        reads: &Reads,
        keys: Vec<Self>,
    ) -> impl Future<Output = Result<HashMap<Self, Self::Value>, ReadError>> + Send;
}

/// Reads related objects for all that wait for them at once, as many as one answer may lead to.
///
/// Nothing is kept, since a later mutation of the same request must not see what an earlier one read.
pub(super) struct Related {
    reads: Reads,
    waiting: Waiting,
    gathering: Gathering,
    asked: AtomicUsize,
}

/// The batches that keys may still be added to, by the type of their keys.
type Gathering = Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>;

/// Keys that are read in one go.
struct Batch<K: Key> {
    /// How many wait for each.
    keys: Mutex<HashMap<K, usize>>,
    found: SetOnce<Result<Found<K>, ReadError>>,
}

/// What was read; who waits last takes it away.
type Found<K> = Mutex<HashMap<K, <K as Key>::Value>>;

impl Related {
    pub(super) fn new(reads: Reads, waiting: Waiting) -> Self {
        Self { reads, waiting, gathering: Gathering::default(), asked: AtomicUsize::new(0) }
    }

    pub(super) fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// Begins to count anew, for another answer.
    pub(super) fn reset(&self) {
        self.asked.store(0, Ordering::Relaxed);
    }

    /// Returns what is found under a key, once it has been read with those of all others that wait.
    pub(super) async fn load_one<K: Key>(&self, key: K) -> ApiResult<Option<K::Value>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= MAX_RELATED {
            let problem =
                format!("the answer would lead to more than {MAX_RELATED} related objects");
            return Err(ApiError::invalid("query", problem));
        }
        let batch = self.batch_with(key.clone());
        match batch.found.wait().await {
            Ok(found) => Ok(batch.take(&key, &mut locked(found))),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// Adds a key to the batch of its kind that has not been read yet.
    fn batch_with<K: Key>(&self, key: K) -> Arc<Batch<K>> {
        let mut gathering = locked(&self.gathering);
        let known = gathering.get(&TypeId::of::<K>()).map(Arc::clone);
        let batch = known.and_then(|batch| batch.downcast().ok()).unwrap_or_else(|| {
            let batch = Arc::new(Batch { keys: Mutex::default(), found: SetOnce::new() });
            gathering.insert(TypeId::of::<K>(), batch.clone());
            let read = batch.clone().read(self.reads.clone(), self.gathering.clone());
            self.waiting.push(Box::pin(read));
            batch
        });
        *locked(&batch.keys).entry(key).or_default() += 1;
        batch
    }
}

impl<K: Key> Batch<K> {
    async fn read(self: Arc<Self>, reads: Reads, gathering: Gathering) {
        locked(&gathering).remove(&TypeId::of::<K>());
        let keys = locked(&self.keys).keys().cloned().collect();
        let found = K::read(&reads, keys).await;
        // Nobody else sets it.
        let _ = self.found.set(found.map(Mutex::new));
    }

    /// Gives the last one that waits for a key what was found, and those before it a copy.
    fn take(&self, key: &K, found: &mut HashMap<K, K::Value>) -> Option<K::Value> {
        let mut keys = locked(&self.keys);
        let waiting = keys.get_mut(key)?;
        *waiting -= 1;
        if *waiting == 0 { found.remove(key) } else { found.get(key).cloned() }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
