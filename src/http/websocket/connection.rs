use std::{collections::HashMap, sync::Arc, time::Duration};

use async_graphql::Response as Execution;
use axum::extract::ws::{Message, WebSocket};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use secrecy::SecretString;
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    end::End,
    message::{ClientMessage, ServerMessage, token},
};
use crate::{
    graphql::{Accepted, ApiError},
    http::{request, state::App, token::is_the_token},
};

/// How long a client may take to begin.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// How often a client is asked for a sign of life. One that has given none for two intervals is gone.
const PING: Duration = Duration::from_secs(20);
/// How long a client may take to take a message.
const SEND_LIMIT: Duration = Duration::from_secs(60);
/// How long the farewell may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// Most operations of one connection at a time.
const MAX_OPERATIONS: usize = 64;

/// Whether the client has shown that it may use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Proven,
    Unproven,
}

/// One answer of an operation; `None` after the last.
type Answer = (Arc<str>, Option<Execution>);

/// A client's connection.
pub(super) struct Connection {
    app: Arc<App>,
    socket: WebSocket,
    access: Access,
    operations: Operations,
    last_heard: Instant,
}

/// What is under way.
#[derive(Default)]
struct Operations {
    answers: SelectAll<BoxStream<'static, Answer>>,
    /// Ends an operation, by its id.
    ends: HashMap<Arc<str>, CancellationToken>,
}

impl Connection {
    pub(super) fn new(app: Arc<App>, socket: WebSocket, access: Access) -> Self {
        let operations = Operations::default();
        Self { app, socket, access, operations, last_heard: Instant::now() }
    }

    /// Serves the client until it goes, breaks the protocol, or the service stops.
    pub(super) async fn live(mut self) {
        let stop = self.app.stop.clone();
        let end = tokio::select! {
            Err(end) = self.talk() => end,
            () = stop.cancelled() => End::Stopping,
        };
        self.close(end).await;
    }

    /// Ends the connection of a client that speaks another protocol.
    pub(super) async fn turn_away(self) {
        self.close(End::OtherProtocol).await;
    }

    async fn close(mut self, end: End) {
        tracing::debug!(?end, "a WebSocket ends");
        if let Some(frame) = end.frame() {
            // A client that takes no farewell is gone already.
            let farewell = async {
                self.socket.send(Message::Close(Some(frame))).await?;
                while let Some(Ok(_)) = self.socket.recv().await {}
                Ok::<_, axum::Error>(())
            };
            let _ = timeout(CLOSE_LIMIT, farewell).await;
        }
    }

    async fn talk(&mut self) -> Result<std::convert::Infallible, End> {
        self.wait_for_init().await?;
        self.send(ServerMessage::ConnectionAck).await?;
        let mut pings = interval_at(Instant::now() + PING, PING);
        loop {
            tokio::select! {
                message = self.socket.recv() => self.hear(message).await?,
                Some((id, answer)) = self.operations.answers.next() => self.tell(&id, answer).await?,
                _ = pings.tick() => self.ask_for_life().await?,
            }
        }
    }

    async fn wait_for_init(&mut self) -> Result<(), End> {
        let deadline = Instant::now() + INIT_LIMIT;
        loop {
            let message = tokio::select! {
                message = self.socket.recv() => message,
                () = sleep_until(deadline) => return Err(End::InitTimeout),
            };
            match parse(message)? {
                Some(ClientMessage::ConnectionInit { payload }) => {
                    return self.prove(payload.as_ref());
                }
                Some(ClientMessage::Ping { payload }) => {
                    self.send(ServerMessage::Pong { payload }).await?;
                }
                Some(ClientMessage::Subscribe { .. }) => return Err(End::Unauthorized),
                Some(ClientMessage::Pong | ClientMessage::Complete { .. }) | None => {}
            }
        }
    }

    fn prove(&mut self, payload: Option<&serde_json::Value>) -> Result<(), End> {
        let expected: Option<&SecretString> = self.app.admin_token.as_ref();
        if let Some(given) = payload.and_then(token) {
            self.access = match is_the_token(given.as_bytes(), expected) {
                true => Access::Proven,
                false => Access::Unproven,
            };
        }
        if self.access == Access::Proven { Ok(()) } else { Err(End::Unauthorized) }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.last_heard = Instant::now();
        match parse(message)? {
            Some(ClientMessage::ConnectionInit { .. }) => Err(End::SecondInit),
            Some(ClientMessage::Ping { payload }) => {
                self.send(ServerMessage::Pong { payload }).await
            }
            Some(ClientMessage::Subscribe { id, payload }) => self.begin(id.into(), payload).await,
            Some(ClientMessage::Complete { id }) => {
                if let Some(end) = self.operations.ends.remove(id.as_str()) {
                    end.cancel();
                }
                Ok(())
            }
            Some(ClientMessage::Pong) | None => Ok(()),
        }
    }

    async fn begin(&mut self, id: Arc<str>, body: request::Body) -> Result<(), End> {
        if self.operations.ends.contains_key(&id) {
            return Err(End::IdTaken);
        }
        if self.operations.ends.len() >= MAX_OPERATIONS {
            let problem = format!("{MAX_OPERATIONS} operations are under way: end one first");
            let refusal = ApiError::too_many(problem).into_response();
            return self.send(ServerMessage::of(&id, &refusal)).await;
        }
        let query = request::query(body).map_err(|problem| ApiError::invalid("variables", problem));
        let accepted =
            query.map_err(|error| Box::new(error.into_response())).and_then(Accepted::new);
        match accepted {
            Ok(accepted) => {
                self.operations.begin(&self.app, id, accepted);
                Ok(())
            }
            Err(refusal) => self.send(ServerMessage::of(&id, &refusal)).await,
        }
    }

    async fn tell(&mut self, id: &Arc<str>, answer: Option<Execution>) -> Result<(), End> {
        let Some(answer) = answer else {
            self.operations.ends.remove(id);
            return self.send(ServerMessage::Complete { id }).await;
        };
        let message = ServerMessage::of(id, &answer);
        if matches!(message, ServerMessage::Error { .. })
            && let Some(end) = self.operations.ends.remove(id)
        {
            // An error is an operation's last word, without a `complete`.
            end.cancel();
        }
        self.send(message).await
    }

    async fn ask_for_life(&mut self) -> Result<(), End> {
        if self.last_heard.elapsed() > 2 * PING {
            return Err(End::Gone);
        }
        self.write(Message::Ping(Default::default())).await
    }

    async fn send(&mut self, message: ServerMessage<'_>) -> Result<(), End> {
        let text = serde_json::to_string(&message).map_err(|error| {
            tracing::error!(%error, "a message cannot be written");
            End::Gone
        })?;
        self.write(Message::Text(text.into())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_LIMIT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

impl Operations {
    fn begin(&mut self, app: &Arc<App>, id: Arc<str>, accepted: Accepted) {
        let end = CancellationToken::new();
        self.ends.insert(Arc::clone(&id), end.clone());
        let app = Arc::clone(app);
        let answers = stream::once(async move { app.api.stream(accepted).await }).flatten();
        let answers = answers.map(Some).chain(stream::once(async { None }));
        let answers = answers.map(move |answer| (Arc::clone(&id), answer));
        self.answers.push(answers.take_until(end.cancelled_owned()).boxed());
    }
}

/// Reads what a client said; `None` for what is the transport's own business.
fn parse(message: Option<Result<Message, axum::Error>>) -> Result<Option<ClientMessage>, End> {
    match message {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| End::BadMessage("Invalid message: the protocol has none such")),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err(End::BadMessage("Invalid message: it is not text")),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
    }
}
