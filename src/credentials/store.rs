use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use uuid::Uuid;

use super::SealingKey;
use crate::domain::CredentialId;

/// A key under this length would be given away by its last four characters.
const HINT_FROM_CHARS: usize = 12;

/// Where provider keys are kept. Cheap to clone; opened keys are remembered.
#[derive(Debug, Clone)]
pub struct Credentials {
    pool: PgPool,
    key: SealingKey,
    opened: Arc<Mutex<HashMap<CredentialId, SecretString>>>,
}

/// Why a provider key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The database could not be asked.
    #[error("the provider's key cannot be read or stored at present: {0}")]
    Unreachable(#[from] sqlx::Error),
    /// Nothing is stored under the id.
    #[error("the provider's key is gone from the database: enter it again")]
    Missing,
    /// Sealed with another key, or tampered with.
    #[error(
        "the provider's key cannot be opened with this SIGNALBOX_SECRET_KEY: use the one that it was stored with, or enter the provider's key again"
    )]
    NotOurs,
}

impl Credentials {
    /// Opens the store with the key that seals it.
    pub fn new(pool: PgPool, key: SealingKey) -> Self {
        Self { pool, key, opened: Arc::default() }
    }

    /// Seals and stores a provider key under a fresh id.
    ///
    /// # Errors
    /// [`CredentialError::Unreachable`] where the database does not take it.
    pub async fn store(&self, key: &SecretString) -> Result<CredentialId, CredentialError> {
        let id = CredentialId(Uuid::now_v7());
        let text = key.expose_secret().as_bytes();
        let sealed = self.key.seal(text, id.0.as_bytes()).ok_or(CredentialError::NotOurs)?;
        sqlx::query("insert into credentials (credential_id, sealed) values ($1, $2)")
            .bind(id.0)
            .bind(sealed)
            .execute(&self.pool)
            .await?;
        Ok(id)
    }

    /// Returns a provider key.
    ///
    /// # Errors
    /// [`CredentialError`] says whether trying again can help.
    pub async fn open(&self, id: CredentialId) -> Result<SecretString, CredentialError> {
        if let Some(key) = self.remembered().get(&id) {
            return Ok(key.clone());
        }
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar("select sealed from credentials where credential_id = $1")
                .bind(id.0)
                .fetch_optional(&self.pool)
                .await?;
        let key = self.unseal(id, &sealed.ok_or(CredentialError::Missing)?)?;
        self.remembered().insert(id, key.clone());
        Ok(key)
    }

    /// Tells whether the sealing key opens what is stored, by trying the newest entry.
    ///
    /// # Errors
    /// [`CredentialError::NotOurs`] where it does not.
    pub async fn check(&self) -> Result<(), CredentialError> {
        let newest: Option<(Uuid, Vec<u8>)> = sqlx::query_as(
            "select credential_id, sealed from credentials order by created_at desc limit 1",
        )
        .fetch_optional(&self.pool)
        .await?;
        match newest {
            Some((id, sealed)) => self.unseal(CredentialId(id), &sealed).map(drop),
            None => Ok(()),
        }
    }

    /// Removes keys whose event never came, an hour after they were stored. Returns how many.
    ///
    /// # Errors
    /// [`CredentialError::Unreachable`] where the database cannot be asked.
    pub async fn sweep(&self) -> Result<u64, CredentialError> {
        let swept = sqlx::query(
            "delete from credentials c
             where c.created_at < now() - interval '1 hour'
               and not exists (
                   select from events e
                   where e.aggregate_type = 'provider'
                     and e.payload ->> 'credential_id' = c.credential_id::text
               )",
        )
        .execute(&self.pool)
        .await?;
        Ok(swept.rows_affected())
    }

    fn unseal(&self, id: CredentialId, sealed: &[u8]) -> Result<SecretString, CredentialError> {
        let text = self.key.open(sealed, id.0.as_bytes()).ok_or(CredentialError::NotOurs)?;
        String::from_utf8(text).map(SecretString::from).map_err(|_| CredentialError::NotOurs)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<CredentialId, SecretString>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the last four characters of a key that is long enough to show them.
pub fn hint(key: &SecretString) -> Option<String> {
    let characters: Vec<char> = key.expose_secret().chars().collect();
    (characters.len() >= HINT_FROM_CHARS)
        .then(|| characters[characters.len() - 4..].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hint_is_for_long_keys_only() {
        assert_eq!(hint(&"0123456789ab".to_owned().into()).as_deref(), Some("89ab"));
        assert_eq!(hint(&"0123456789a".to_owned().into()), None);
    }
}
