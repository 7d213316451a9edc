//! Where operators are told of alerts: a webhook of theirs, and a chat of Telegram.
//!
//! # Shape
//! [`AlertChannel`] sends one [`AlertMessage`] once and says what came of it; trying again is the caller's, in
//! [`crate::process`]. `webhook` posts JSON that `signature` signs, `telegram` posts a text to the bot API.
//!
//! # Correctness
//! Both addresses are the operator's own settings, so they may be private and plain HTTP. Redirects are not followed. Addresses
//! may hold secrets (Telegram's holds the bot's token), so they stand in no error and no log.

mod channel;
mod config;
mod message;
mod signature;
mod telegram;
#[cfg(test)]
mod tests;
mod webhook;

pub use channel::{AlertChannel, ChannelUnavailable, NotDelivered};
pub use config::{AlertChannels, InvalidAddress, Telegram, Webhook, address};
pub use message::{AlertMessage, AlertState};
pub use signature::{sign, signature_of};
