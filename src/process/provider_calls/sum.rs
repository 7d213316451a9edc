use std::{collections::VecDeque, time::Duration};

use chrono::Utc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{CallBook, book::Minutes};
use crate::{
    command::{CommandError, Commands, MinuteOfCalls},
    domain::Incarnation,
};

/// Between two looks at which minutes are over; shorter ones are looked at as often as they end.
const GLANCE: Duration = Duration::from_secs(1);
/// Between two tries to put a minute on record.
const RETRY: Duration = Duration::from_secs(5);
/// Tries at the end of the program.
const LAST_TRIES: usize = 2;

/// What the summing up is composed of.
#[derive(Debug)]
pub struct CallSummaryNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// What is summed up.
    pub book: CallBook,
    /// What a minute is.
    pub minute: Duration,
    /// Cancelled once no call is made any more.
    pub stop: CancellationToken,
}

/// Puts the calls of each minute on record.
#[derive(Debug)]
pub struct CallSummary {
    needs: CallSummaryNeeds,
    /// This run of the program.
    caller: Incarnation,
    /// Minutes that are over and not on record yet.
    waiting: VecDeque<MinuteOfCalls>,
}

impl CallSummary {
    /// Composes the summing up; [`run`](Self::run) is its life.
    pub fn new(needs: CallSummaryNeeds) -> Self {
        Self { needs, caller: Incarnation(Uuid::now_v7()), waiting: VecDeque::new() }
    }

    /// Sums up until no call is made any more; then the running minute, too.
    pub async fn run(mut self) {
        let stop = self.needs.stop.clone();
        while stop.run_until_cancelled(self.next_minute()).await.is_some() {}
        self.take(self.needs.book.all());
        for _ in 0..LAST_TRIES {
            if self.put_on_record().await.is_ok() {
                return;
            }
        }
        let lost = self.waiting.len();
        tracing::warn!(lost, "stopping without the sums of the last provider calls on record");
    }

    /// Dropping the future loses nothing: a minute leaves the queue once it is on record.
    async fn next_minute(&mut self) {
        sleep(GLANCE.min(self.needs.minute / 2)).await;
        self.take(self.needs.book.over_at(Utc::now()));
        if let Err(error) = self.put_on_record().await {
            tracing::debug!(%error, "the sums of provider calls cannot be recorded at present");
            sleep(RETRY).await;
        }
    }

    fn take(&mut self, over: Minutes) {
        let caller = self.caller;
        let minutes = over.into_iter().map(|((minute, provider_id), sums)| MinuteOfCalls {
            provider_id,
            minute,
            caller,
            sums,
        });
        self.waiting.extend(minutes);
    }

    async fn put_on_record(&mut self) -> Result<(), CommandError> {
        while let Some(minute) = self.waiting.front() {
            self.needs.commands.sum_calls(minute.clone()).await?;
            self.waiting.pop_front();
        }
        Ok(())
    }
}
