//! The task that keeps one model up to date.

use std::time::Duration;

use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{
    ReadModel,
    fold::{FoldError, Folded, fold_next},
    replay::words,
    status::StatusOf,
    turns::{Turn, Turns},
};
use crate::domain::Position;

/// Most positions in one transaction: about a tenth of a second, so that readers see a rebuild advance.
const MAX_BATCH: i64 = 10_000;
/// Pause before looking again whether the process that folds has come further.
const ELSEWHERE: Duration = Duration::from_millis(20);
/// Between two folds while nobody waits: what comes together meanwhile is folded in one go, since a fold of one event
/// costs the database about as much as one of a hundred, and appends would wait for its processors. It is so many times
/// as long as the last fold took, within limits.
const REST_FACTOR: u32 = 6;
const SHORTEST_REST: Duration = Duration::from_millis(200);
const LONGEST_REST: Duration = Duration::from_millis(300);
/// How often the checkpoint is looked at all the same: a crash of the database may have taken folds back.
const GLANCE: Duration = Duration::from_secs(1);
/// First pause after a failure; each one that follows doubles it, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_LOST: Duration = Duration::from_secs(5);
const LONGEST_STOP: Duration = Duration::from_secs(30);

/// What a runner listens to.
pub(super) struct Calls {
    /// How far the journal is known to reach.
    pub(super) head: watch::Receiver<Position>,
    /// How many wait for the read models.
    pub(super) waiting: watch::Receiver<usize>,
    /// Turns at folding while nobody waits: models that fold at once would leave appends little of the processors.
    pub(super) turns: Turns,
}

/// Folds one model until it is dropped.
pub(super) struct Runner {
    pool: PgPool,
    model: ReadModel,
    calls: Calls,
    status: StatusOf,
    batch: i64,
    rest: Duration,
    pause: Duration,
}

/// When to fold again.
enum Next {
    AtOnce,
    Beyond(Position),
    After(Duration),
}

impl Runner {
    pub(super) fn new(pool: PgPool, model: ReadModel, calls: Calls, status: StatusOf) -> Self {
        let rest = SHORTEST_REST;
        Self { pool, model, calls, status, batch: MAX_BATCH, rest, pause: FIRST_PAUSE }
    }

    pub(super) async fn run(mut self) {
        loop {
            match self.round().await {
                Next::AtOnce => {}
                Next::After(pause) => sleep(pause).await,
                Next::Beyond(position) => {
                    self.rest().await;
                    let more = self.calls.head.wait_for(|head| *head > position);
                    if let Ok(Err(_)) = timeout(GLANCE, more).await {
                        return;
                    }
                }
            }
        }
    }

    /// Lets events come together, unless somebody waits for them.
    async fn rest(&mut self) {
        // Where nobody can wait any more there is no hurry either.
        let _ = timeout(self.rest, self.calls.waiting.wait_for(|waiting| *waiting > 0)).await;
    }

    /// Waits for a turn, unless somebody waits for the models: then nothing, where the turn is another model's.
    async fn turn(&mut self) -> Option<Turn> {
        tokio::select! {
            biased;
            _ = self.calls.waiting.wait_for(|waiting| *waiting > 0) => self.calls.turns.try_take(),
            turn = self.calls.turns.take() => Some(turn),
        }
    }

    async fn fold(&self, turn: Option<Turn>, head: Position) -> Result<Folded, FoldError> {
        let Some(mut turn) = turn else {
            return fold_next(&mut *self.pool.acquire().await?, &self.model, head, self.batch)
                .await;
        };
        let session = turn.session(&self.pool).await?;
        let folded = fold_next(session, &self.model, head, self.batch).await;
        if matches!(folded, Err(FoldError::Interrupted(_))) {
            turn.end_session();
        }
        folded
    }

    async fn round(&mut self) -> Next {
        let turn = self.turn().await;
        let head = *self.calls.head.borrow_and_update();
        let begun = Instant::now();
        let folded = self.fold(turn, head).await;
        self.rest = (begun.elapsed() * REST_FACTOR).clamp(SHORTEST_REST, LONGEST_REST);
        match folded {
            Ok(Folded::Upto(position)) => {
                self.batch = (self.batch * 2).min(MAX_BATCH);
                self.pause = FIRST_PAUSE;
                self.status.advanced(position);
                if position < head { Next::AtOnce } else { Next::Beyond(position) }
            }
            Ok(Folded::Elsewhere(position)) => {
                self.status.advanced(position);
                if position < head { Next::After(ELSEWHERE) } else { Next::Beyond(position) }
            }
            Err(FoldError::Interrupted(error)) => {
                let pause = self.next_pause(LONGEST_LOST);
                tracing::warn!(model = self.model.name(), %error, ?pause, "folding was interrupted");
                Next::After(pause)
            }
            Err(FoldError::Broken { after, upto, source }) => self.broken(after, upto, &source),
        }
    }

    /// Halves the batch until one position is left: there the model stops.
    fn broken(&mut self, after: Position, upto: Position, error: &sqlx::Error) -> Next {
        let size = upto.0 - after.0;
        if size > 1 {
            self.batch = size / 2;
            return Next::AtOnce;
        }
        if self.status.stopped(format!("position {upto}: {}", words(error))) {
            tracing::error!(
                model = self.model.name(), position = upto.0, %error, "the read model has stopped"
            );
        }
        Next::After(self.next_pause(LONGEST_STOP))
    }

    fn next_pause(&mut self, longest: Duration) -> Duration {
        let pause = self.pause.min(longest);
        self.pause = pause * 2;
        pause
    }
}
