//! Server-sent events, in the mode of the GraphQL over SSE protocol in which every operation has a connection of its own.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_graphql::Response as Execution;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, header::CACHE_CONTROL},
    response::{IntoResponse, Response, Sse, sse::Event, sse::KeepAlive},
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{
    answer::{Body, Refusal},
    media::{Media, accepts_events},
    request::read,
    state::App,
    token::is_authorized,
};

/// Between two signs of life on a quiet connection, shorter than what proxies wait for.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

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
    let events = answers.map(|answer| next(&answer)).chain(stream::once(async { complete() }));
    let events = events.take_until(stopping).map(Ok::<_, Infallible>);
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather output would keep events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn next(answer: &Execution) -> Event {
    let event = Event::default().event("next");
    event.json_data(Body::of(answer)).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer cannot be written");
        complete()
    })
}

fn complete() -> Event {
    // Without data an event would be none to its client.
    Event::default().event("complete").data("")
}
