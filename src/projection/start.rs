use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    ModelSet, Origin, ProjectionError, ProjectionStatus, ReadModel, RebuildStatus, RefusedFile,
    WaitError,
    builder::{Builder, Replaces, announce},
    install::{Installed, install},
    progress,
    runner::{Calls, Runner},
    status::StatusOf,
    sweep,
    turns::Turns,
};
use crate::domain::Position;

/// How often the journal's end is looked up: what other processes append is seen this late at the most.
const POLL: Duration = Duration::from_millis(250);
/// How long a statement of an added model may take, in milliseconds, so that a slow one is halved and in the end stopped.
const ADDED_LIMIT: &str = "5000";
/// Connections of all added models together: however many there are, the program's own are not crowded out.
const ADDED_CONNECTIONS: u32 = 2;

/// The read models as they are kept up to date by this process, alone or together with others. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Projections {
    progress: watch::Receiver<Vec<ProjectionStatus>>,
    waiting: Arc<watch::Sender<usize>>,
}

/// A model that can be kept, and what there is of it.
struct Kept {
    pool: PgPool,
    model: ReadModel,
    installed: Installed,
}

impl Projections {
    /// Installs what is missing and starts folding, in one session of the pool; while somebody waits, each built-in model
    /// takes a connection at a time.
    ///
    /// A model without tables is built beside and appears whole, unless the journal is short; so does a changed text of
    /// an added one. `head` says how far the journal is known to reach; it may lag or fall silent, as it is looked up
    /// besides. The schemas of other versions of a model are left alone. After `shutdown` nothing is folded any more.
    ///
    /// # Errors
    /// [`ProjectionError`] where the database cannot be reached or refuses a built-in model's file. An added file that is
    /// refused only shows in [`status`](Self::status).
    pub async fn start(
        pool: PgPool,
        models: impl Into<ModelSet>,
        head: watch::Receiver<Position>,
        shutdown: CancellationToken,
    ) -> Result<Self, ProjectionError> {
        for schema in sweep::sweep(&pool).await? {
            tracing::info!(schema, "removed what an interrupted rebuild had left");
        }
        let (kept, refused) = install_all(&pool, models.into()).await?;
        let lines = kept.iter().map(line).chain(refused.into_iter().map(refusal));
        let (all, progress) = watch::channel(lines.collect());
        let all = Arc::new(all);
        let known_end = Arc::new(watch::Sender::new(Position::default()));
        let waiting = Arc::new(watch::Sender::new(0));
        // An added model may be slow: the program's own do not wait for it.
        let (turns, of_added) = (Turns::default(), Turns::default());
        for (index, kept) in kept.into_iter().enumerate() {
            let status = StatusOf { all: Arc::clone(&all), index };
            let calls = Calls {
                head: known_end.subscribe(),
                waiting: waiting.subscribe(),
                turns: Turns::clone(match kept.model.origin() {
                    Origin::BuiltIn => &turns,
                    Origin::Added => &of_added,
                }),
            };
            let keeping = keep(kept, status, calls);
            tokio::spawn(shutdown.clone().run_until_cancelled_owned(keeping));
        }
        let told = listen(head, Arc::clone(&known_end));
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(told));
        tokio::spawn(shutdown.run_until_cancelled_owned(poll(pool, known_end)));
        Ok(Self { progress, waiting })
    }

    /// Waits until every built-in model has everything up to this position.
    ///
    /// A model that has stopped is not waited for, lest one broken file hold up every reader; it shows in
    /// [`status`](Self::status). Nor is one that an analyst added.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] names the models that run and are not there yet: all of them, for a position that the
    /// journal has not reached. [`WaitError::ShutDown`] where nothing is folded any more.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> Result<(), WaitError> {
        progress::wait_for(self.progress.clone(), &self.waiting, position, timeout).await
    }

    /// Returns a built-in model that has stopped before a position, and so will not get there by itself.
    pub fn stopped_before(&self, position: Position) -> Option<ProjectionStatus> {
        let models = self.progress.borrow();
        let mut stopped =
            models.iter().filter(|m| m.origin == Origin::BuiltIn && m.stopped.is_some());
        stopped.find(|model| model.position < position).cloned()
    }

    /// Returns where each model stands: those that are kept in the order in which they were given, then the refused.
    pub fn status(&self) -> Vec<ProjectionStatus> {
        self.progress.borrow().clone()
    }

    /// Returns the built-in models that have no tables yet, because they are being built: nothing can be read then.
    pub fn absent(&self) -> Vec<String> {
        let models = self.progress.borrow();
        let absent = models.iter().filter(|m| m.origin == Origin::BuiltIn && m.is_absent());
        absent.map(|model| model.name.clone()).collect()
    }

    /// Returns the same as it changes: receivers wake after a batch of any model has been committed.
    pub fn subscribe(&self) -> watch::Receiver<Vec<ProjectionStatus>> {
        self.progress.clone()
    }
}

async fn install_all(
    pool: &PgPool,
    set: ModelSet,
) -> Result<(Vec<Kept>, Vec<RefusedFile>), ProjectionError> {
    let ModelSet { models, mut refused } = set;
    for file in &refused {
        tracing::error!(file = file.name, "a read model is left out: {}", file.reason);
    }
    let limited = limited(pool);
    let mut kept = vec![];
    for model in models {
        let pool = match model.origin() {
            Origin::BuiltIn => pool.clone(),
            Origin::Added => limited.clone(),
        };
        match install(&pool, &model).await {
            Ok(installed) => kept.push(Kept { pool, model, installed }),
            Err(error) if model.origin() == Origin::Added && error.is_the_files() => {
                tracing::error!(model = model.name(), %error, "a read model is left out");
                let (name, reason) = (model.name().to_owned(), error.to_string());
                refused.push(RefusedFile { name, reason });
            }
            Err(error) => return Err(error),
        }
    }
    Ok((kept, refused))
}

/// Connections on which nothing lasts long.
fn limited(pool: &PgPool) -> PgPool {
    let options = pool.connect_options().as_ref().clone();
    let limits = [("statement_timeout", ADDED_LIMIT), ("lock_timeout", ADDED_LIMIT)];
    PgPoolOptions::new()
        .max_connections(ADDED_CONNECTIONS)
        .connect_lazy_with(options.options(limits).application_name("signalbox added read models"))
}

/// Keeps one model up to date for good.
async fn keep(kept: Kept, status: StatusOf, calls: Calls) {
    let Kept { pool, model, installed } = kept;
    let runner = Runner::new(pool.clone(), model.clone(), calls, status.clone());
    let builder = |replaces| Builder { pool, model: model.clone(), status, replaces };
    match installed {
        Installed::Whole(_) => {
            announce(&model);
            runner.run().await;
        }
        // What is there of an earlier text stays current until it is replaced; the runner then folds the new one.
        Installed::Begun { copy, before: Some(_) } => {
            tokio::join!(runner.run(), builder(Replaces::AnEarlierText).run(copy));
        }
        Installed::Begun { copy, before: None } => {
            if builder(Replaces::Nothing).run(copy).await {
                runner.run().await;
            }
        }
    }
}

fn line(kept: &Kept) -> ProjectionStatus {
    let start = Position::default();
    let (position, rebuild) = match kept.installed {
        Installed::Whole(position) => (position, None),
        Installed::Begun { before: Some(position), .. } => {
            (position, Some(RebuildStatus::Replacing(start)))
        }
        Installed::Begun { before: None, .. } => (start, Some(RebuildStatus::First(start))),
    };
    let (name, origin) = (kept.model.name().to_owned(), kept.model.origin());
    ProjectionStatus { name, origin, position, stopped: None, rebuild }
}

fn refusal(file: RefusedFile) -> ProjectionStatus {
    ProjectionStatus {
        name: file.name,
        origin: Origin::Added,
        position: Position::default(),
        stopped: Some(file.reason),
        rebuild: None,
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
