//! Where streams end, asked of the database for many at once.
//!
//! Cost of [`Heads`]: while one question is under way the next ones come together, so that a crowd asks in one round trip what each
//! would ask in one of its own. A single question goes out at once.

use sqlx::{PgExecutor, PgPool};
use tokio::sync::{mpsc, oneshot};

use super::request::StreamId;

/// Most streams in one question.
const MAX_BATCH: usize = 512;

type Answer = oneshot::Sender<Result<i64, String>>;

/// Asks for heads. Cheap to clone; every clone feeds the same task.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    queue: mpsc::UnboundedSender<(StreamId, Answer)>,
}

impl Heads {
    /// Starts the task, which ends with the last clone.
    pub(super) fn start(pool: PgPool) -> Self {
        let (queue, questions) = mpsc::unbounded_channel();
        tokio::spawn(answer_all(pool, questions));
        Self { queue }
    }

    /// Returns the sequence of a stream's last event, 0 where there is none; or the database's words.
    pub(super) async fn of(&self, stream: StreamId) -> Result<i64, String> {
        let (answer, answered) = oneshot::channel();
        let stopped = || "the program is stopping".to_owned();
        self.queue.send((stream, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

async fn answer_all(pool: PgPool, mut questions: mpsc::UnboundedReceiver<(StreamId, Answer)>) {
    let mut batch = vec![];
    while questions.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let (streams, waiting): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        match heads_of(&pool, streams.iter()).await {
            Ok(heads) => waiting.into_iter().zip(heads).for_each(|(waiting, head)| {
                // Who gave up waiting is not missed.
                let _ = waiting.send(Ok(head));
            }),
            Err(error) => waiting.into_iter().for_each(|waiting| {
                let _ = waiting.send(Err(error.to_string()));
            }),
        }
    }
}

/// Returns the sequences of streams' last events, in the order of the streams; 0 where there is none.
pub(super) async fn heads_of(
    executor: impl PgExecutor<'_>,
    streams: impl Iterator<Item = &StreamId> + Clone,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("select heads_of_streams($1, $2)")
        .bind(streams.clone().map(|stream| stream.aggregate_type).collect::<Vec<_>>())
        .bind(streams.map(|stream| stream.id.as_str()).collect::<Vec<_>>())
        .fetch_one(executor)
        .await
}
