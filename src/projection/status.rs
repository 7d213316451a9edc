use std::sync::Arc;

use tokio::sync::watch;

use super::{ProjectionStatus, RebuildStatus};
use crate::domain::Position;

/// The line of one model in the status that all tasks share.
#[derive(Clone)]
pub(super) struct StatusOf {
    pub(super) all: Arc<watch::Sender<Vec<ProjectionStatus>>>,
    pub(super) index: usize,
}

impl StatusOf {
    /// Notes that the model runs, and wakes who waits where it has come further.
    pub(super) fn advanced(&self, position: Position) {
        self.change(|line| {
            let news = line.position < position || line.stopped.is_some();
            line.position = position;
            line.stopped = None;
            news
        });
    }

    /// Notes where and why the model stopped; tells whether that is new.
    pub(super) fn stopped(&self, reason: String) -> bool {
        self.change(|line| {
            let news = line.stopped.as_ref() != Some(&reason);
            line.stopped = Some(reason);
            news
        })
    }

    /// Notes how far the copy has come, or that there is none any more.
    pub(super) fn rebuilding(&self, rebuild: Option<RebuildStatus>) {
        self.change(|line| {
            line.rebuild = rebuild;
            true
        });
    }

    fn change(&self, change: impl FnOnce(&mut ProjectionStatus) -> bool) -> bool {
        self.all.send_if_modified(|models| models.get_mut(self.index).is_some_and(change))
    }
}
