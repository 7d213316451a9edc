//! GraphiQL at `/graphiql`: built from `web/` by `make web`, embedded, and asking nobody but this service.

use axum::{
    Router,
    http::{
        HeaderName,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::IntoResponse,
    routing::get,
};

use crate::graphql::sdl;

const PAGE: &[u8] = include_bytes!("../../web/dist/graphiql.html");
const SCRIPT: &[u8] = include_bytes!("../../web/dist/graphiql.js");
const STYLE: &[u8] = include_bytes!("../../web/dist/graphiql.css");

/// The editor sets styles on its elements, and its fonts are within its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      font-src data:; img-src data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Returns the page and what it is made of, the schema included. Nothing of it is secret: the token is typed in.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let page = get(async || file("text/html; charset=utf-8", PAGE));
    let script = get(async || file("text/javascript; charset=utf-8", SCRIPT));
    let style = get(async || file("text/css; charset=utf-8", STYLE));
    Router::new()
        .route("/graphiql", page)
        .route("/graphiql/graphiql.js", script)
        .route("/graphiql/graphiql.css", style)
        .route("/graphiql/schema.graphql", get(async || file("text/plain; charset=utf-8", sdl())))
}

fn file(content_type: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // Its name does not change with its content.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}
