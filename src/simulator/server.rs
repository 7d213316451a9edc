//! The wire: accepts connections, answers calls, and hangs up where a fault says so.
//!
//! Connections are accepted here and not by a ready-made server, because a reset needs the socket itself.

use std::convert::Infallible;
use std::error::Error;
use std::future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Extract;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::Moment;
use super::control;
use super::params::Params;
use super::replies::{self, HangUp, json_reply};
use super::state::Shared;

/// The path that the API is served at.
pub(super) const API_PATH: &str = "/api/v2";

/// What answers calls, and how it is stopped.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) shared: Arc<Shared>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// The connection ends with a reset instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault resets this connection")]
struct ResetConnection;

impl Server {
    /// Accepts connections until the panel stops.
    pub(super) async fn accept(self, listener: TcpListener) {
        let app = Router::new()
            .route(API_PATH, get(call).post(call))
            .with_state(self.clone())
            .merge(control::routes(Arc::clone(&self.shared)));
        while let Some(accepted) = self.stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => self.spawn(serve(stream, app.clone())),
                // Out of file handles, or the client left at once: others go on.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }
}

async fn serve(stream: TcpStream, app: Router) {
    let service = service_fn(|request| answer(app.clone(), request));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    let is_reset = error.source().is_some_and(<dyn Error>::is::<ResetConnection>);
    if is_reset {
        let stream = connection.into_parts().io.into_inner();
        // Dropped with a linger of zero, a socket sends RST.
        let _ = stream.set_zero_linger();
    }
}

async fn answer(app: Router, request: Request<Incoming>) -> Result<Response, ResetConnection> {
    let response = match app.oneshot(request).await {
        Ok(response) => response,
        Err::<_, Infallible>(never) => match never {},
    };
    match response.extensions().get::<HangUp>() {
        None => Ok(response),
        Some(HangUp::Silent) => future::pending().await,
        Some(HangUp::Reset) => Err(ResetConnection),
    }
}

/// Answers a call on a task of its own: a client that hangs up does not stop what has arrived.
async fn call(Extract(server): Extract<Server>, params: Params) -> Response {
    let (answered, answer) = tokio::sync::oneshot::channel();
    let shared = Arc::clone(&server.shared);
    server.spawn(async move {
        // An error means that nobody listens any more.
        let _ = answered.send(handle(&shared, &params).await);
    });
    answer.await.unwrap_or_else(|_| HangUp::Reset.into_response())
}

async fn handle(shared: &Shared, params: &Params) -> Response {
    let plan = {
        let (mut state, now) = shared.lock();
        state.receive(params, now)
    };
    tokio::time::sleep(plan.latency).await;
    if let Some((fault, Moment::Before)) = &plan.fault
        && let Some(spoilt) = replies::play(fault, &Bytes::from_static(b"{\"order\":23501}")).await
    {
        return spoilt;
    }
    let honest = {
        let (mut state, now) = shared.lock();
        replies::honest(state.act(params, now))
    };
    if let Some((fault, Moment::After)) = &plan.fault
        && let Some(spoilt) = replies::play(fault, &honest).await
    {
        return spoilt;
    }
    json_reply(honest)
}
