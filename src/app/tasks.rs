use futures_util::future::{FutureExt, select_all};
use tokio::task::JoinHandle;

/// The tasks that an installation consists of: each ends when it is told to stop, and none before.
#[derive(Debug, Default)]
pub(super) struct Tasks(Vec<Task>);

#[derive(Debug)]
struct Task {
    name: &'static str,
    handle: JoinHandle<()>,
}

impl Tasks {
    /// Begins a task.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.push(Task { name, handle: tokio::spawn(task) });
    }

    /// Returns when one has ended.
    pub(super) async fn one_ended(&mut self) {
        let ends = self.0.iter_mut().map(|task| (&mut task.handle).map(|_| task.name));
        let (name, ..) = select_all(ends).await;
        tracing::error!("{name} has ended");
    }

    /// Returns when all have ended.
    pub(super) async fn all_ended(self) {
        for Task { name, handle } in self.0 {
            if !handle.is_finished()
                && let Err(error) = handle.await
            {
                tracing::error!(%error, "{name} failed");
            }
        }
    }
}
