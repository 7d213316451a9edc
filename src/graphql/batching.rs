//! When loaders read: once all resolvers of a request wait.
//!
//! async-graphql's data loader reads after a pause, so how many statements a request takes depends on the machine's
//! speed. Here a request's resolvers and reads share one task, and the reads begin exactly when no resolver can go on
//! without them: one statement per kind and level, whatever the size of the page.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};

/// The reads that wait for the resolvers. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Waiting {
    pub(super) fn push(&self, read: BoxFuture<'static, ()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(read);
    }

    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request's resolvers, and the reads that they have asked for.
pub(super) struct Batched<F> {
    resolvers: Pin<Box<F>>,
    waiting: Waiting,
    running: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl<F> Batched<F> {
    pub(super) fn new(resolvers: F, waiting: Waiting) -> Self {
        Self { resolvers: Box::pin(resolvers), waiting, running: FuturesUnordered::new() }
    }
}

/// Wakes the request's task, and remembers it: resolvers that were woken while they ran are not done.
struct Remembering {
    task: Waker,
    woken: AtomicBool,
}

impl Wake for Remembering {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<F: Future> Future for Batched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        loop {
            while let Poll::Ready(Some(())) = self.running.poll_next_unpin(cx) {}
            let remembering =
                Arc::new(Remembering { task: cx.waker().clone(), woken: AtomicBool::new(false) });
            let waker = Waker::from(Arc::clone(&remembering));
            if let Poll::Ready(output) =
                self.resolvers.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return Poll::Ready(output);
            }
            if remembering.woken.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            let reads = self.waiting.take();
            if reads.is_empty() {
                return Poll::Pending;
            }
            self.running.extend(reads);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn reads_begin_when_all_resolvers_wait() {
        let (waiting, asked) = (Waiting::default(), Arc::new(Mutex::new(0)));
        let resolver = async || {
            tokio::task::yield_now().await;
            *asked.lock().unwrap() += 1;
            let (answer, answered) = oneshot::channel();
            let seen = Arc::clone(&asked);
            waiting.push(Box::pin(async move { answer.send(*seen.lock().unwrap()).unwrap() }));
            answered.await.unwrap()
        };
        // So many that `join_all` yields between them.
        let resolvers = join_all((0..100).map(|_| resolver()));
        assert_eq!(Batched::new(resolvers, waiting.clone()).await, [100; 100]);
    }
}
