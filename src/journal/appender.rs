//! The one task of a process that writes to the journal.
//!
//! Correctness: a batch is one call and one commit. While one is under way the queue fills, and what has come together
//! is the next batch; with an empty queue a batch is a single request. When the connection fails at a commit, the
//! batch's event ids are read back under the journal's lock before anything is answered or tried again: a call that is
//! still on its way in the old session cannot slip in afterwards, since it expects heads that have moved.
//!
//! Cost: batches go to the database without a pause, and what came of one is made known while the next is under way.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{Connection, postgres::PgConnectOptions};
use tokio::{
    sync::{
        mpsc::{self, error::SendError},
        watch,
    },
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    AppendError, JournalState,
    announcer::{Answered, Waiting},
    batch::{self, Answers, BatchFailure},
    request::AppendRequest,
    session::Session,
    state,
};

/// Most requests in a batch: beyond some hundreds one commit is shared well enough.
const MAX_BATCH: usize = 512;
/// Most bytes in a batch, unless a single request is larger.
const MAX_BATCH_BYTES: usize = 4 << 20;
/// How long a call may take before its connection is given up.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection may take to come up.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the outcome of a batch is sought after its connection failed.
const RECOVERY_LIMIT: Duration = Duration::from_secs(20);
/// How long what is queued waits for such a search before it is refused.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is tried before a batch is entrusted to it: that the database is gone is
/// better found out while the answer can still be that nothing was recorded.
const TRUSTED_IDLE: Duration = Duration::from_millis(500);
/// Between two tries to connect.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Between two tries whether a database that refuses takes events again.
const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// A request and where its answer goes.
pub(super) struct Job {
    pub(super) request: AppendRequest,
    pub(super) answer: Waiting,
}

/// The appender's state; [`run`](Self::run) is its life.
pub(super) struct Appender {
    pub(super) options: PgConnectOptions,
    pub(super) queue: mpsc::Receiver<Job>,
    /// Where batches go that have been answered.
    pub(super) answered: mpsc::Sender<Answered>,
    pub(super) state: watch::Sender<JournalState>,
    pub(super) session: Option<Session>,
    pub(super) used_at: Instant,
    pub(super) unreachable_since: Option<(Instant, String)>,
}

impl Appender {
    /// Appends what comes until the last handle is gone.
    pub(super) async fn run(mut self) {
        let mut left_over = None;
        loop {
            let first = match left_over.take() {
                Some(job) => job,
                None => match self.next().await {
                    Some(job) => job,
                    None => break,
                },
            };
            let jobs = self.gather(first, &mut left_over);
            let (requests, waiting): (Vec<_>, Vec<_>) =
                jobs.into_iter().map(|job| (job.request, job.answer)).unzip();
            if self.answer(requests, waiting).await.is_err() {
                break;
            }
        }
        if let Some(session) = self.session {
            let _ = session.connection.close().await;
        }
    }

    /// Waits for the next job. Meanwhile a database that refuses is tried, because whoever asks [`Journal::state`] first
    /// may never bring a job.
    ///
    /// [`Journal::state`]: super::Journal::state
    async fn next(&mut self) -> Option<Job> {
        while *self.state.borrow() != JournalState::Ready {
            let Ok(job) = timeout(PROBE_PAUSE, self.queue.recv()).await else {
                // A request without events goes the whole way to the disk and changes nothing.
                self.answer(vec![AppendRequest::of_command("probe")], vec![]).await.ok()?;
                continue;
            };
            return job;
        }
        self.queue.recv().await
    }

    /// Fails where nobody makes the answers known any more.
    async fn answer(
        &mut self,
        requests: Vec<AppendRequest>,
        waiting: Vec<Waiting>,
    ) -> Result<(), SendError<Answered>> {
        let began = Instant::now();
        let answers = self.append(&requests).await;
        self.used_at = Instant::now();
        state::note(&self.state, &answers);
        let took = began.elapsed();
        self.answered.send(Answered { requests, waiting, answers, took }).await
    }

    /// Takes what is in the queue, within the bounds of a batch.
    fn gather(&mut self, first: Job, left_over: &mut Option<Job>) -> Vec<Job> {
        let mut bytes = first.request.bytes();
        let mut jobs = vec![first];
        while jobs.len() < MAX_BATCH {
            let Ok(job) = self.queue.try_recv() else { break };
            bytes += job.request.bytes();
            if bytes > MAX_BATCH_BYTES {
                *left_over = Some(job);
                break;
            }
            jobs.push(job);
        }
        jobs
    }

    fn append<'a>(&'a mut self, batch: &'a [AppendRequest]) -> BoxFuture<'a, Answers> {
        Box::pin(self.try_append(batch))
    }

    async fn try_append(&mut self, batch: &[AppendRequest]) -> Answers {
        let Some(session) = self.connected().await else {
            let reason = self.unreachable_since.as_ref().map_or("", |(_, reason)| reason);
            return all(batch, &AppendError::Unavailable(reason.to_owned()));
        };
        let called = timeout(CALL_LIMIT, batch::append(session, batch)).await;
        match called.unwrap_or_else(|_| Err(BatchFailure::Unknown("no answer in time".into()))) {
            Ok(answers) => answers,
            Err(BatchFailure::Data(reason)) => self.bisect(batch, reason).await,
            Err(BatchFailure::Refused(reason)) => {
                // What the session is to blame for, such as being read-only, a new one may not have.
                self.session = None;
                all(batch, &AppendError::Unavailable(reason))
            }
            Err(BatchFailure::Unknown(reason)) => {
                tracing::warn!(%reason, "connection lost during an append, looking for its outcome");
                state::refuse(&self.state, "the database went away during an append".to_owned());
                self.recover(batch).await
            }
        }
    }

    /// Narrows a data error down to the request that causes it; the others go in.
    async fn bisect(&mut self, batch: &[AppendRequest], reason: String) -> Answers {
        if batch.len() <= 1 {
            return all(batch, &AppendError::Invalid(reason));
        }
        let (before, after) = batch.split_at(batch.len() / 2);
        let mut answers = self.append(before).await;
        answers.extend(self.append(after).await);
        answers
    }

    /// Finds out what became of a batch whose call was cut off, and appends it if it had not come through.
    async fn recover(&mut self, batch: &[AppendRequest]) -> Answers {
        let began = Instant::now();
        let give_up_at = began + RECOVERY_LIMIT;
        loop {
            if began.elapsed() > QUEUE_PATIENCE {
                self.refuse_waiting();
            }
            self.session = None;
            self.unreachable_since = None;
            if let Some(session) = self.connected().await {
                match timeout_at(give_up_at, batch::settle(session, batch)).await {
                    Ok(Ok(answers)) => return answers,
                    Ok(Err(BatchFailure::Data(reason))) => return self.bisect(batch, reason).await,
                    Ok(Err(BatchFailure::Refused(reason) | BatchFailure::Unknown(reason))) => {
                        let reason = format!("the outcome of an append is still unknown: {reason}");
                        state::refuse(&self.state, reason);
                    }
                    Err(_) => {}
                }
            }
            if Instant::now() >= give_up_at {
                self.session = None;
                return all(batch, &AppendError::OutcomeUnknown);
            }
            sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Answers what is queued: none of it has been sent.
    fn refuse_waiting(&mut self) {
        while let Ok(job) = self.queue.try_recv() {
            let reason = "the database went away and is not back yet".to_owned();
            let _ = job.answer.send(Err(AppendError::Unavailable(reason)));
        }
    }

    /// Returns the session, made anew where it is gone; `None` while the database cannot be reached.
    async fn connected(&mut self) -> Option<&mut Session> {
        self.drop_if_broken().await;
        if self.session.is_none() {
            if self.unreachable_since.as_ref().is_some_and(|(at, _)| at.elapsed() < RECONNECT_PAUSE)
            {
                return None;
            }
            match timeout(CONNECT_LIMIT, Session::open(&self.options)).await {
                Ok(Ok(session)) => self.session = Some(session),
                Ok(Err(error)) => self.unreachable(error.to_string()),
                Err(_) => self.unreachable("the database does not answer".to_owned()),
            }
        }
        self.session.as_mut()
    }

    async fn drop_if_broken(&mut self) {
        let Some(session) = &mut self.session else { return };
        if self.used_at.elapsed() > TRUSTED_IDLE
            && !matches!(timeout(CONNECT_LIMIT, session.connection.ping()).await, Ok(Ok(())))
        {
            self.session = None;
        }
    }

    fn unreachable(&mut self, reason: String) {
        tracing::debug!(%reason, "journal's database out of reach");
        self.unreachable_since = Some((Instant::now(), reason));
    }
}

fn all(batch: &[AppendRequest], error: &AppendError) -> Answers {
    batch.iter().map(|_| Err(error.clone())).collect()
}
