//! Server-sent events, in the mode of the GraphQL over SSE protocol in which every operation has a connection of its own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_graphql::Response as Execution;
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{
        HeaderName,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};

use tokio::time::timeout;

use super::{
    answer::{self, Refusal},
    media::{Media, accepts_events},
    request::read,
    state::App,
    token::is_authorized,
};

/// Between two signs of life on a quiet connection, shorter than what proxies wait for.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
/// A comment, which clients pass over.
const SIGN_OF_LIFE: Bytes = Bytes::from_static(b":\n\n");
/// An operation's last event. Without a line of data it would be none to a browser.
const COMPLETE: Bytes = Bytes::from_static(b"event: complete\ndata: \n\n");

/// Answers an operation with one event for each answer. A stream that the service ends because it stops has no
/// `complete`: its client is to connect again.
pub(super) async fn stream(State(app): State<Arc<App>>, request: Request) -> Response {
    let media = Media::accepted(request.headers()).unwrap_or(Media::Json);
    match answers(&app, request).await {
        Ok(answers) => as_events(&app, answers),
        Err(refusal) => refusal.into_answer(media),
    }
}

async fn answers(app: &App, request: Request) -> Result<BoxStream<'static, Execution>, Refusal> {
    if !is_authorized(request.headers(), app.admin_token.as_ref()) {
        return Err(Refusal::unauthenticated());
    }
    if !accepts_events(request.headers()) {
        return Err(Refusal::not_acceptable("text/event-stream"));
    }
    match read(app, request).await {
        Ok(accepted) => Ok(app.api.stream(accepted).await),
        // A client of events sees no status, so that it is told in an event what is wrong with its query.
        Err(refusal) => {
            let answer = refusal.into_execution()?;
            Ok(stream::once(async { answer }).boxed())
        }
    }
}

fn as_events(app: &App, answers: BoxStream<'static, Execution>) -> Response {
    let stopping = app.stop.clone().cancelled_owned();
    let events = answers.map(|answer| next(&answer)).chain(stream::once(async { COMPLETE }));
    let events = events.take_until(stopping).boxed();
    let alive = stream::unfold(events, async |mut events| {
        let event = timeout(KEEP_ALIVE, events.next()).await.unwrap_or(Some(SIGN_OF_LIFE))?;
        Some((Ok::<_, Infallible>(event), events))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // Proxies that gather output would keep events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(alive)).into_response()
}

fn next(answer: &Execution) -> Bytes {
    match serde_json::to_string(&answer::Body::of(answer)) {
        Ok(data) => format!("event: next\ndata: {data}\n\n").into(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            COMPLETE
        }
    }
}
