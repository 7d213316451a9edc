use std::{future::IntoFuture, io, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use serde_json::json;
use tokio::{net::TcpListener, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    endpoint, health, metrics, request,
    state::{App, AppState},
};

/// Largest request, in bytes: a list of comments may have a quarter of it.
const MAX_BODY: usize = 1024 * 1024;

/// How long requests may go on after the shutdown has begun; dispatching drains for 20 s in the same time.
const GRACE: Duration = Duration::from_secs(25);

const INDEX: &str = "Signalbox routes a reseller panel's orders over several upstream providers.

/graphql   the API: GraphQL over HTTP, with the header Authorization: Bearer <token>
/healthz   answers while the program is alive
/readyz    tells, part by part, whether it can do its work
/metrics   what is measured, for Prometheus
";

/// Returns the service that answers at all addresses.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/", get(async || INDEX))
        .route("/graphql", get(endpoint::graphql).post(endpoint::graphql))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .fallback(nothing_here)
        .layer(middleware::from_fn(request::follow))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(App::new(state)))
}

/// Answers at the listener's address until the token is cancelled, and then ends the requests that have begun.
///
/// # Errors
/// The listener's, where it cannot go on.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let stopped = shutdown.clone();
    let serving = axum::serve(listener, router(state))
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .into_future();
    tokio::select! {
        ended = serving => ended,
        () = async { stopped.cancelled().await; sleep(GRACE).await } => {
            tracing::warn!("requests were still open at the end of the shutdown, and are cut off");
            Ok(())
        }
    }
}

async fn nothing_here(uri: Uri) -> Response {
    let error = json!({"error": format!("there is nothing at {}", uri.path())});
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}
