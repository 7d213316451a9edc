use std::time::Duration;

use reqwest::Client;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::{
    AlertMessage, NotDelivered, Telegram,
    channel::{Answer, post},
};

/// Longest text of a message, in characters; the bot API takes 4096.
const MAX_TEXT: usize = 4_000;

/// What the bot API answers.
#[derive(Deserialize)]
struct Reply {
    ok: bool,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    /// Seconds.
    retry_after: Option<u64>,
}

/// Sends a message by the bot API's `sendMessage`. Telegram knows no repetitions: the position at the text's end tells them.
pub(super) async fn send(
    client: &Client,
    telegram: &Telegram,
    message: &AlertMessage,
) -> Result<(), NotDelivered> {
    let token = telegram.token.expose_secret();
    let base = telegram.base.as_str().trim_end_matches('/');
    let url = format!("{base}/bot{token}/sendMessage");
    let text: String = message.text().chars().take(MAX_TEXT).collect();
    let body = json!({
        "chat_id": telegram.chat,
        "text": text,
        "link_preview_options": {"is_disabled": true},
    });
    let answer = post(client.post(url), body.to_string().into_bytes()).await?;
    match serde_json::from_slice::<Reply>(&answer.body) {
        Ok(reply) if reply.ok && answer.status.is_success() => Ok(()),
        Ok(reply) => Err(refusal(&answer, reply, token)),
        Err(_) => {
            let status = answer.status.as_u16();
            Err(answer.refusal(format!("answered HTTP {status}, and not as the bot API does")))
        }
    }
}

fn refusal(answer: &Answer, reply: Reply, token: &str) -> NotDelivered {
    let words = reply.description.unwrap_or_else(|| "no reason given".to_owned());
    let reason =
        format!("answered HTTP {}: {}", answer.status.as_u16(), words.replace(token, "[token]"));
    let asked = reply.parameters.and_then(|parameters| parameters.retry_after);
    let refused = answer.refusal(reason);
    NotDelivered { retry_after: asked.map(Duration::from_secs).or(refused.retry_after), ..refused }
}
