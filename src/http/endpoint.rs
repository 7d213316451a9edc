use std::sync::Arc;

use async_graphql::Response as Execution;
use axum::{
    extract::{Request, State},
    response::Response,
};

use super::{
    answer::{Refusal, answer},
    media::Media,
    request::read,
    state::App,
    token::is_authorized,
};

/// Answers a GraphQL request.
pub(super) async fn graphql(State(app): State<Arc<App>>, request: Request) -> Response {
    let media = Media::accepted(request.headers());
    match execute(&app, media, request).await {
        Ok(execution) => answer(media.unwrap_or(Media::Json), &execution),
        Err(refusal) => refusal.into_answer(media.unwrap_or(Media::Json)),
    }
}

async fn execute(app: &App, media: Option<Media>, request: Request) -> Result<Execution, Refusal> {
    if !is_authorized(request.headers(), app.admin_token.as_ref()) {
        return Err(Refusal::unauthenticated());
    }
    if media.is_none() {
        let offered = "application/graphql-response+json or application/json";
        return Err(Refusal::not_acceptable(offered));
    }
    let accepted = read(app, request).await?;
    Ok(app.api.execute(accepted).await)
}
