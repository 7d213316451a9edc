//! Tasks without which the program cannot do its work.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Runs a task that others rely on without looking. Should it panic, the program ends at once: it is made to be killed
/// at any instant, and its next start goes on from the journal, while a half-dead one would hold orders back unseen.
pub(crate) async fn or_end<T>(name: &'static str, task: impl Future<Output = T>) -> T {
    match AssertUnwindSafe(task).catch_unwind().await {
        Ok(done) => done,
        Err(_) => {
            tracing::error!(task = name, "a vital task has panicked, so the program ends");
            std::process::abort()
        }
    }
}
