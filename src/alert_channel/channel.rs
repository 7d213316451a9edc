use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use rustls::crypto::{CryptoProvider, ring};

use super::{AlertMessage, Telegram, Webhook, telegram, webhook};

/// A whole call, connecting included.
const LIMIT: Duration = Duration::from_secs(15);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Longest part of an answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// Longest wait that a receiver may ask for.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// A place where operators are told of alerts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AlertChannel {
    client: Client,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Webhook(Webhook),
    Telegram(Telegram),
}

/// The system lets no HTTP client be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct ChannelUnavailable(#[from] reqwest::Error);

/// Why something was not delivered; it may have been all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotDelivered {
    /// In words, without the address.
    pub reason: String,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl AlertChannel {
    /// Makes a channel to a webhook.
    ///
    /// # Errors
    /// [`ChannelUnavailable`] where the system's certificates cannot be read.
    pub fn to_webhook(webhook: Webhook) -> Result<Self, ChannelUnavailable> {
        Ok(Self { client: client()?, place: Place::Webhook(webhook) })
    }

    /// Makes a channel to a chat of Telegram.
    ///
    /// # Errors
    /// [`ChannelUnavailable`] where the system's certificates cannot be read.
    pub fn to_telegram(telegram: Telegram) -> Result<Self, ChannelUnavailable> {
        Ok(Self { client: client()?, place: Place::Telegram(telegram) })
    }

    /// What it is called in tables, metrics and the log.
    pub fn name(&self) -> &'static str {
        match self.place {
            Place::Webhook(_) => "webhook",
            Place::Telegram(_) => "telegram",
        }
    }

    /// Sends a message once.
    ///
    /// # Errors
    /// [`NotDelivered`] where the receiver has not said that it has it.
    pub async fn send(&self, message: &AlertMessage) -> Result<(), NotDelivered> {
        match &self.place {
            Place::Webhook(place) => webhook::send(&self.client, place, message).await,
            Place::Telegram(place) => telegram::send(&self.client, place, message).await,
        }
    }
}

fn client() -> Result<Client, ChannelUnavailable> {
    if CryptoProvider::get_default().is_none() {
        // Fails only where another thread was quicker, and then there is one.
        let _ = ring::default_provider().install_default();
    }
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(LIMIT)
        .connect_timeout(CONNECT_LIMIT)
        .no_proxy()
        .http1_only()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
    Ok(client.build()?)
}

/// What a receiver answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Posts JSON once.
pub(super) async fn post(request: RequestBuilder, body: Vec<u8>) -> Result<Answer, NotDelivered> {
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
    let mut response = request.send().await.map_err(broken)?;
    let mut answer =
        Answer { status: response.status(), retry_after: retry_after(&response), body: vec![] };
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if answer.body.len() + chunk.len() > MAX_ANSWER {
            break;
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

impl Answer {
    pub(super) fn refusal(&self, reason: String) -> NotDelivered {
        NotDelivered { reason, retry_after: self.retry_after }
    }
}

/// Seconds, or a date of HTTP.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
            (until - Utc::now()).to_std().ok()?
        }
    };
    Some(wait.min(MAX_WAIT))
}

/// Says why there is no answer, without the address.
fn broken(error: reqwest::Error) -> NotDelivered {
    let (in_time, connected) = (!error.is_timeout(), !error.is_connect());
    let cause = root_cause(&error.without_url());
    let reason = match (in_time, connected) {
        (false, _) => "no answer in time".to_owned(),
        (true, false) => format!("no connection: {cause}"),
        (true, true) => format!("the connection broke: {cause}"),
    };
    NotDelivered { reason, retry_after: None }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
