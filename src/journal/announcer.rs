//! The task that makes known what came of each batch, while the appender is at the next one.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::{AppendError, Appended, batch::Answers, measure, request::AppendRequest, tail::Tail};
use crate::domain::Position;

/// Where the answer to a request goes.
pub(super) type Waiting = oneshot::Sender<Result<Appended, AppendError>>;

/// A batch that has been answered.
pub(super) struct Answered {
    pub(super) requests: Vec<AppendRequest>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) answers: Answers,
    pub(super) took: Duration,
}

/// Tells followers, and those who wait for an answer.
pub(super) struct Announcer {
    pub(super) batches: mpsc::Receiver<Answered>,
    pub(super) head: watch::Sender<Position>,
    pub(super) tail: Tail,
}

impl Announcer {
    /// Announces what comes until the appender has ended.
    pub(super) async fn run(mut self) {
        while let Some(batch) = self.batches.recv().await {
            self.announce(batch);
        }
    }

    fn announce(&self, batch: Answered) {
        let Answered { requests, waiting, answers, took } = batch;
        measure::batch(&requests, &answers, took);
        // Who hears of the new head finds there what led to it.
        self.tail.keep(requests, &answers);
        if let Some(last) = answers.iter().flatten().map(|appended| appended.position).max() {
            advance(&self.head, last);
        }
        for (waiting, answer) in waiting.into_iter().zip(answers) {
            // Nobody waits any more: the append stands all the same.
            let _ = waiting.send(answer);
        }
    }
}

/// Makes a further end of the journal known; one that is known already is no news.
pub(super) fn advance(head: &watch::Sender<Position>, end: Position) {
    head.send_if_modified(|known| {
        let moved = end > *known;
        *known = end.max(*known);
        moved
    });
}
