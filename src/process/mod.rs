//! The loops that drive orders, syncs and connection tests.

use rust_decimal::Decimal;

use crate::{
    command::{CommandError, Done},
    domain::{ProviderId, SyncId},
};

/// What a connection test came to; `message` says it in words either way.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionTest {
    /// Whether the provider answered as a panel does.
    pub ok: bool,
    /// The result in words.
    pub message: String,
    /// Duration of the call in milliseconds.
    pub response_ms: Option<i64>,
    /// What our account there holds.
    pub balance: Option<Decimal>,
    /// In this currency.
    pub currency: Option<String>,
}

/// Whether a sync may delist a large part of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delisting {
    /// Only up to a fifth.
    Guarded,
    /// Whatever is missing.
    Accepted,
}

/// What operators ask of providers at once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProviderOperations;

impl ProviderOperations {
    /// Calls the provider's balance and records what came of it.
    pub async fn test_connection(&self, _: ProviderId) -> Result<ConnectionTest, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
    /// Runs a sync and returns when it has ended, well or badly.
    pub async fn sync(&self, _: ProviderId, _: Delisting) -> Result<Done<SyncId>, CommandError> {
        Err(CommandError::Internal(String::new()))
    }
}
