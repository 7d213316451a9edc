use std::{sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    ProjectionError, ProjectionStatus, ReadModel, WaitError,
    install::install,
    progress,
    runner::{Runner, StatusOf},
};
use crate::domain::Position;

/// How often the journal's end is looked up: what other processes append is seen this late at the most.
const POLL: Duration = Duration::from_millis(250);

/// The read models as they are kept up to date by this process, alone or together with others. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Projections {
    progress: watch::Receiver<Vec<ProjectionStatus>>,
}

impl Projections {
    /// Installs the schemas that are missing and starts folding; each model takes a connection of the pool at a time.
    ///
    /// `head` says how far the journal is known to reach; it may lag or fall silent, as it is looked up besides. The
    /// schemas of other versions of a model are left alone. After `shutdown` nothing is folded any more.
    ///
    /// # Errors
    /// [`ProjectionError`] where the database cannot be reached or refuses a model's file.
    pub async fn start(
        pool: PgPool,
        models: Vec<ReadModel>,
        head: watch::Receiver<Position>,
        shutdown: CancellationToken,
    ) -> Result<Self, ProjectionError> {
        let mut installed = vec![];
        for model in &models {
            let position = install(&pool, model).await?;
            let name = model.name().to_owned();
            installed.push(ProjectionStatus { name, position, stopped: None });
        }
        let known_end = Arc::new(watch::Sender::new(Position::default()));
        let (all, progress) = watch::channel(installed);
        let all = Arc::new(all);
        for (index, model) in models.into_iter().enumerate() {
            let status = StatusOf { all: Arc::clone(&all), index };
            let runner = Runner::new(pool.clone(), model, known_end.subscribe(), status);
            tokio::spawn(shutdown.clone().run_until_cancelled_owned(runner.run()));
        }
        let told = listen(head, Arc::clone(&known_end));
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(told));
        tokio::spawn(shutdown.run_until_cancelled_owned(poll(pool, known_end)));
        Ok(Self { progress })
    }

    /// Waits until every model has everything up to this position.
    ///
    /// A model that has stopped is not waited for, lest one broken file hold up every reader; it shows in
    /// [`status`](Self::status).
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] names the models that run and are not there yet: all of them, for a position that the
    /// journal has not reached. [`WaitError::ShutDown`] where nothing is folded any more.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> Result<(), WaitError> {
        progress::wait_for(self.progress.clone(), position, timeout).await
    }

    /// Returns a model that has stopped before a position, and so will not get there by itself.
    pub fn stopped_before(&self, position: Position) -> Option<ProjectionStatus> {
        let models = self.progress.borrow();
        let mut stopped = models.iter().filter(|model| model.stopped.is_some());
        stopped.find(|model| model.position < position).cloned()
    }

    /// Returns where each model stands, in the order in which they were given.
    pub fn status(&self) -> Vec<ProjectionStatus> {
        self.progress.borrow().clone()
    }

    /// Returns the same as it changes: receivers wake after a batch of any model has been committed.
    pub fn subscribe(&self) -> watch::Receiver<Vec<ProjectionStatus>> {
        self.progress.clone()
    }
}

/// Takes over what this process knows of the journal's end.
async fn listen(mut head: watch::Receiver<Position>, known_end: Arc<watch::Sender<Position>>) {
    loop {
        let position = *head.borrow_and_update();
        raise(&known_end, position);
        if head.changed().await.is_err() {
            return;
        }
    }
}

/// Looks up what other processes appended.
async fn poll(pool: PgPool, known_end: Arc<watch::Sender<Position>>) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A database that is away is reported by the models, which find out as well.
        let position = sqlx::query_scalar("select position from journal_head").fetch_one(&pool);
        if let Ok(position) = position.await {
            raise(&known_end, Position(position));
        }
    }
}

fn raise(known_end: &watch::Sender<Position>, position: Position) {
    known_end.send_if_modified(|known| {
        let further = *known < position;
        *known = position.max(*known);
        further
    });
}
