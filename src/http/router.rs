use std::{future::IntoFuture, io, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
    serve::ListenerExt,
};
use serde_json::json;
use tokio::{net::TcpListener, time::sleep};

use super::{
    endpoint, graphiql, health, metrics,
    state::{App, AppState},
    stream, trace, websocket,
};

/// Largest request, in bytes: a list of comments may have a quarter of it.
const MAX_BODY: usize = 1024 * 1024;

/// How long requests may go on after the shutdown has begun; dispatching drains for 20 s in the same time.
const GRACE: Duration = Duration::from_secs(25);

const INDEX: &str = "Signalbox routes a reseller panel's orders over several upstream providers.

/graphql          the API: GraphQL over HTTP, with the header Authorization: Bearer <token>
/graphql/ws       the same, with subscriptions, over WebSocket (graphql-transport-ws)
/graphql/stream   the same, with subscriptions, as server-sent events
/graphiql         a page to try it on
/healthz          answers while the program is alive
/readyz           tells, part by part, whether it can do its work
/metrics          what is measured, for Prometheus
";

/// Returns the service that answers at all addresses.
pub fn router(state: AppState) -> Router {
    routes(Arc::new(App::new(state)))
}

fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(async || INDEX))
        .route("/graphql", get(endpoint::graphql).post(endpoint::graphql))
        .route("/graphql/ws", any(websocket::upgrade))
        .route("/graphql/stream", get(stream::stream).post(stream::stream))
        .merge(graphiql::routes())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .fallback(nothing_here)
        .layer(middleware::from_fn(trace::follow))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

/// Answers at the listener's address until [`AppState::stop`], and then ends what has begun: requests are answered,
/// subscriptions closed.
///
/// # Errors
/// The listener's, where it cannot go on.
pub async fn serve(listener: TcpListener, state: AppState) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let app = Arc::new(App::new(state));
    let (stop, connections) = (app.stop.clone(), app.connections.clone());
    let serving = axum::serve(listener, routes(app))
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    let serving = async {
        let ended = serving.await;
        connections.close();
        connections.wait().await;
        ended
    };
    tokio::select! {
        ended = serving => ended,
        () = async { stop.cancelled().await; sleep(GRACE).await } => {
            tracing::warn!("requests were still open at the end of the shutdown, and are cut off");
            Ok(())
        }
    }
}

async fn nothing_here(uri: Uri) -> Response {
    let error = json!({"error": format!("there is nothing at {}", uri.path())});
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}
