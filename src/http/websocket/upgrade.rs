use std::sync::Arc;

use axum::{
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, header::AUTHORIZATION},
    response::Response,
};

use super::connection::{Access, Connection};
use crate::http::{answer::Refusal, media::Media, state::App, token::is_authorized};

const PROTOCOL: &str = "graphql-transport-ws";
/// Largest message of a client, in bytes, as large as a body may be.
const MAX_MESSAGE: usize = 1024 * 1024;

/// Lets a WebSocket in. Browsers cannot send a header here, so the token may follow in `connection_init`.
pub(in crate::http) async fn upgrade(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let access = match headers.contains_key(AUTHORIZATION) {
        false => Access::Unproven,
        true if is_authorized(&headers, app.admin_token.as_ref()) => Access::Proven,
        true => return Refusal::unauthenticated().into_answer(Media::Json),
    };
    let upgrade =
        upgrade.protocols([PROTOCOL]).max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    let tracker = app.connections.clone();
    upgrade.on_upgrade(move |socket| {
        let spoken = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
        tracker.track_future(async move {
            let connection = Connection::new(app, socket, access);
            match spoken {
                true => connection.live().await,
                false => connection.turn_away().await,
            }
        })
    })
}
