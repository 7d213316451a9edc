//! How `signalbox serve` watches over providers, and where it tells of it.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    alert_channel::{AlertChannels, Telegram, Webhook, address},
    app::Monitoring,
    domain::provider::BalanceWatch,
    process::{BalancePace, CallPace, DeliveryPace},
};

/// Where the bot API of Telegram is.
const TELEGRAM: &str = "https://api.telegram.org";

/// Settings of the watch over providers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Watching over providers")]
pub(super) struct MonitoringArgs {
    /// Ask every active provider for our balance every so many minutes; 0 is never
    #[arg(
        long,
        env = "SIGNALBOX_BALANCE_INTERVAL_MINUTES",
        value_name = "MINUTES",
        default_value_t = BalancePace::DEFAULT_MINUTES
    )]
    balance_interval_minutes: u32,
    /// Raise an alert when a balance lasts for fewer hours than this at the pace of the last day; 0 is never
    #[arg(
        long,
        env = "SIGNALBOX_LOW_BALANCE_HOURS",
        value_name = "HOURS",
        default_value_t = BalanceWatch::DEFAULT_HOURS
    )]
    low_balance_hours: u32,
    /// Raise an alert when a balance is below this, in the provider's own currency
    #[arg(long, env = "SIGNALBOX_LOW_BALANCE_AMOUNT", value_name = "AMOUNT")]
    low_balance_amount: Option<Decimal>,
    /// Keep the log of provider calls for so many days; 0 keeps none
    #[arg(
        long,
        env = "SIGNALBOX_CALL_LOG_DAYS",
        value_name = "DAYS",
        default_value_t = CallPace::DEFAULT_KEEP_DAYS
    )]
    call_log_days: u32,
    /// Post alerts to this address; docs/OPERATIONS.md shows what comes there
    #[arg(long, env = "SIGNALBOX_ALERT_WEBHOOK_URL", hide_env_values = true, value_name = "URL")]
    alert_webhook_url: Option<String>,
    /// Signs what is posted there
    #[arg(
        long,
        env = "SIGNALBOX_ALERT_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    alert_webhook_secret: Option<SecretString>,
    /// File that holds that secret
    #[arg(
        long,
        env = "SIGNALBOX_ALERT_WEBHOOK_SECRET_FILE",
        value_name = "FILE",
        conflicts_with = "alert_webhook_secret"
    )]
    alert_webhook_secret_file: Option<PathBuf>,
    /// Send alerts by this bot of Telegram
    #[arg(long, env = "SIGNALBOX_TELEGRAM_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    telegram_token: Option<SecretString>,
    /// File that holds the bot's token
    #[arg(
        long,
        env = "SIGNALBOX_TELEGRAM_TOKEN_FILE",
        value_name = "FILE",
        conflicts_with = "telegram_token"
    )]
    telegram_token_file: Option<PathBuf>,
    /// To this chat: its number, or a channel's name with its @
    #[arg(long, env = "SIGNALBOX_TELEGRAM_CHAT", value_name = "CHAT", allow_hyphen_values = true)]
    telegram_chat: Option<String>,
    /// Where the bot API is
    #[arg(long, env = "SIGNALBOX_TELEGRAM_URL", value_name = "URL", default_value = TELEGRAM)]
    telegram_url: String,
}

impl MonitoringArgs {
    pub(super) fn monitoring(self) -> anyhow::Result<Monitoring> {
        let hours = self.low_balance_hours;
        Ok(Monitoring {
            balances: BalancePace::every_minutes(self.balance_interval_minutes),
            balance_watch: BalanceWatch { hours, amount: self.low_balance_amount },
            calls: CallPace::keeping_days(self.call_log_days),
            channels: AlertChannels { webhook: self.webhook()?, telegram: self.telegram()? },
            delivery: DeliveryPace::default(),
        })
    }

    fn webhook(&self) -> anyhow::Result<Option<Webhook>> {
        let secret = secret(&self.alert_webhook_secret, &self.alert_webhook_secret_file)
            .context("SIGNALBOX_ALERT_WEBHOOK_SECRET_FILE")?;
        match (given(&self.alert_webhook_url), secret) {
            (None, None) => Ok(None),
            (Some(url), Some(secret)) => {
                let url = address(url).context("SIGNALBOX_ALERT_WEBHOOK_URL")?;
                Ok(Some(Webhook { url, secret }))
            }
            _ => bail!(
                "a webhook for alerts needs both SIGNALBOX_ALERT_WEBHOOK_URL and \
                 SIGNALBOX_ALERT_WEBHOOK_SECRET (or …_SECRET_FILE)"
            ),
        }
    }

    fn telegram(&self) -> anyhow::Result<Option<Telegram>> {
        let token = secret(&self.telegram_token, &self.telegram_token_file)
            .context("SIGNALBOX_TELEGRAM_TOKEN_FILE")?;
        match (token, given(&self.telegram_chat)) {
            (None, None) => Ok(None),
            (Some(token), Some(chat)) => {
                let base = address(&self.telegram_url).context("SIGNALBOX_TELEGRAM_URL")?;
                Ok(Some(Telegram { base, token, chat: chat.to_owned() }))
            }
            _ => bail!(
                "alerts by Telegram need both SIGNALBOX_TELEGRAM_TOKEN (or …_TOKEN_FILE) and \
                 SIGNALBOX_TELEGRAM_CHAT"
            ),
        }
    }
}

/// A variable that is set to nothing is not given.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// Returns what was given, or what the file holds, without white space around it.
fn secret(
    value: &Option<SecretString>,
    file: &Option<PathBuf>,
) -> anyhow::Result<Option<SecretString>> {
    let text = match (value, file) {
        (Some(secret), _) => secret.expose_secret().to_owned(),
        (None, Some(file)) => fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?,
        (None, None) => return Ok(None),
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned().into()))
}
