use chrono::Utc;
use reqwest::Client;

use super::{AlertMessage, NotDelivered, Webhook, channel::post, signature::sign};

/// The id of what is delivered, the same at every try.
const ID: &str = "signalbox-delivery";
const SIGNATURE: &str = "signalbox-signature";

/// Posts a message as JSON, signed; any answer of success means that it arrived.
pub(super) async fn send(
    client: &Client,
    webhook: &Webhook,
    message: &AlertMessage,
) -> Result<(), NotDelivered> {
    let body = serde_json::to_vec(message).map_err(|error| NotDelivered {
        reason: format!("the alert cannot be written as JSON: {error}"),
        retry_after: None,
    })?;
    let request = client
        .post(webhook.url.clone())
        .header(ID, message.id.to_string())
        .header(SIGNATURE, sign(&webhook.secret, Utc::now(), &body));
    let answer = post(request, body).await?;
    match answer.status.is_success() {
        true => Ok(()),
        // Not in its words: they may repeat the address.
        false => Err(answer.refusal(format!("answered HTTP {}", answer.status.as_u16()))),
    }
}
