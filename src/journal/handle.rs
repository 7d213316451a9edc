use std::{io, thread, time::Duration};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    runtime,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    AppendError, AppendRequest, Appended, Filter, Follower, JournalState, StreamId,
    announcer::{Announcer, advance},
    appender::{Appender, Job},
    heads::Heads,
    measure,
    tail::Tail,
};
use crate::{domain::Position, vital};

/// Most requests that wait for the appender: a second or two of its work.
const QUEUE: usize = 8192;
/// Most batches that have been answered and are not made known yet.
const UNANNOUNCED: usize = 4;
/// How often the head is read, to notice what other processes append.
const POLL: Duration = Duration::from_millis(100);

/// The way into the journal. Cheap to clone; every clone feeds the same appender.
#[derive(Debug, Clone)]
pub struct Journal {
    queue: mpsc::Sender<Job>,
    head: watch::Receiver<Position>,
    tail: Tail,
    state: watch::Receiver<JournalState>,
    heads: Heads,
    pool: PgPool,
}

impl Journal {
    /// Starts the appender on a connection of its own. `pool` serves reads.
    ///
    /// # Errors
    /// The database's words where the journal's head cannot be read.
    pub async fn start(options: PgConnectOptions, pool: PgPool) -> Result<Self, sqlx::Error> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (head_sender, head) = watch::channel(read_head(&pool).await?);
        let (state_sender, state) = watch::channel(JournalState::Ready);
        let tail = Tail::default();
        let (answered, batches) = mpsc::channel(UNANNOUNCED);
        let announcer = Announcer { batches, head: head_sender.clone(), tail: tail.clone() };
        tokio::spawn(vital::or_end("announcer", announcer.run()));
        let appender = Appender {
            options: options.application_name("signalbox journal"),
            queue: jobs,
            answered,
            state: state_sender,
            session: None,
            used_at: Instant::now(),
            unreachable_since: None,
        };
        let closed = CancellationToken::new();
        let watching = watch_head(pool.clone(), head_sender);
        tokio::spawn(closed.clone().run_until_cancelled_owned(vital::or_end("head", watching)));
        let closing = closed.drop_guard();
        on_its_own_thread(async move {
            vital::or_end("appender", appender.run()).await;
            // With the last handle the head is watched no more, and its followers end.
            drop(closing);
        })?;
        let heads = Heads::start(pool.clone());
        Ok(Self { queue, head, tail, state, heads, pool })
    }

    /// Appends a request wholly, or not at all; returns once it is on disk.
    ///
    /// # Errors
    /// [`AppendError`] says whether to load again (`Conflict`), to try later (`Unavailable`), to look what happened
    /// (`OutcomeUnknown`), or never to try again (`Invalid`).
    pub async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        let asked = Instant::now();
        let answer = self.try_append(request).await;
        measure::request(&answer, asked.elapsed());
        answer
    }

    async fn try_append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        request.check()?;
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { request, answer }).map_err(|error| {
            let reason = match error {
                mpsc::error::TrySendError::Full(_) => "too many events are waiting to be recorded",
                mpsc::error::TrySendError::Closed(_) => "the program is stopping",
            };
            AppendError::Unavailable(reason.to_owned())
        })?;
        answered.await.unwrap_or(Err(AppendError::OutcomeUnknown))
    }

    /// Returns the end of the journal as far as this process knows it, and a way to wait for more.
    pub fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    /// Begins to follow the journal after a position.
    pub fn follow(&self, filter: Filter, after: Position) -> Follower {
        Follower::new(self.pool.clone(), self.tail.clone(), self.head(), filter, after)
    }

    /// Returns the sequence of a stream's last event; 0 where there is none.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] where the database cannot be asked.
    pub async fn head_of(&self, stream: StreamId) -> Result<i64, AppendError> {
        self.heads.of(stream).await.map_err(AppendError::Unavailable)
    }

    /// Returns whether the journal takes events, now and from now on.
    pub fn state(&self) -> watch::Receiver<JournalState> {
        self.state.clone()
    }

    /// Returns how many requests wait for the next batch.
    pub fn queue_length(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Returns the pool that reads of the journal go through.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// Runs the appender where no crowd of other tasks stands between the database's answer and the next batch.
fn on_its_own_thread(life: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("journal".to_owned()).spawn(move || runtime.block_on(life))?;
    Ok(())
}

/// Reads the end of the journal from the database.
///
/// # Errors
/// The database's words.
pub async fn read_head(pool: &PgPool) -> Result<Position, sqlx::Error> {
    let position = sqlx::query_scalar("select position from journal_head").fetch_one(pool).await?;
    Ok(Position(position))
}

async fn watch_head(pool: PgPool, head: watch::Sender<Position>) {
    loop {
        if let Ok(position) = read_head(&pool).await {
            advance(&head, position);
        }
        sleep(POLL).await;
    }
}
