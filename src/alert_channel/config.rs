use secrecy::SecretString;
use url::Url;

/// Where operators are told of alerts; nowhere, unless somebody says so.
#[derive(Debug, Clone, Default)]
pub struct AlertChannels {
    /// A webhook of theirs.
    pub webhook: Option<Webhook>,
    /// A chat of Telegram.
    pub telegram: Option<Telegram>,
}

/// A webhook.
#[derive(Clone)]
pub struct Webhook {
    /// Where alerts are posted.
    pub url: Url,
    /// Signs them.
    pub secret: SecretString,
}

/// A chat of Telegram.
#[derive(Clone)]
pub struct Telegram {
    /// Where the bot API is.
    pub base: Url,
    /// The bot's token.
    pub token: SecretString,
    /// Which chat: a number, or the name of a channel with its `@`.
    pub chat: String,
}

/// Why a text is no address to tell alerts at. It does not repeat the text, which may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give an address that begins with https:// or http://")]
pub struct InvalidAddress;

/// Takes an operator's text for an address.
///
/// # Errors
/// [`InvalidAddress`] where it is not an absolute one of the web.
pub fn address(text: &str) -> Result<Url, InvalidAddress> {
    let url = Url::parse(text.trim()).map_err(|_| InvalidAddress)?;
    match url.scheme() {
        "http" | "https" if url.host().is_some() => Ok(url),
        _ => Err(InvalidAddress),
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Telegram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telegram").field("chat", &self.chat).finish_non_exhaustive()
    }
}
