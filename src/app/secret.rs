//! The key that seals provider keys.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use super::DatabaseConfig;
use crate::credentials::{InvalidSealingKey, SealingKey};

/// Name of the key's file in the data folder.
const FILE: &str = "secret.key";

/// Why there is no sealing key.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// An external database outlives this machine, and with it the keys that nobody could open.
    #[error(
        "SIGNALBOX_SECRET_KEY is not set: with DATABASE_URL it is needed to seal provider keys; make one with \
         `openssl rand -base64 32`, and keep it as safe as the database's backups"
    )]
    Missing,
    /// It is no key.
    #[error(transparent)]
    Invalid(#[from] InvalidSealingKey),
    /// Its file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}

/// Refuses what can never be a key, before anything is touched.
pub(super) fn check(
    given: Option<&SecretString>,
    database: &DatabaseConfig,
) -> Result<(), SecretError> {
    match (given, database) {
        (Some(key), _) => Ok(SealingKey::from_base64(key.expose_secret()).map(drop)?),
        (None, DatabaseConfig::External { .. }) => Err(SecretError::Missing),
        (None, DatabaseConfig::Private(_)) => Ok(()),
    }
}

/// Finds the sealing key: the operator's, or beside a private database one of its own, made once.
pub(super) fn sealing_key(
    given: Option<&SecretString>,
    database: &DatabaseConfig,
    data_dir: &Path,
) -> Result<SealingKey, SecretError> {
    match (given, database) {
        (Some(key), _) => Ok(SealingKey::from_base64(key.expose_secret())?),
        (None, DatabaseConfig::External { .. }) => Err(SecretError::Missing),
        (None, DatabaseConfig::Private(_)) => {
            let path = data_dir.join(FILE);
            let text = read_or_make(&path).map_err(|source| SecretError::File { path, source })?;
            Ok(SealingKey::from_base64(&text)?)
        }
    }
}

fn read_or_make(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        read => read,
    }
}

/// Writes the key under another name first, so that a crash leaves a whole key or none.
fn make(path: &Path) -> io::Result<String> {
    let key = SealingKey::generate();
    let draft = path.with_extension("new");
    // What a crash left of an earlier draft would keep its mode.
    let _ = fs::remove_file(&draft);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::postgres::Durability;

    #[test]
    fn key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let made = read_or_make(&path).expect("a key");
        assert_eq!(read_or_make(&path).expect("the same key"), made);
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn external_database_needs_a_given_key() {
        let options = Box::default();
        let external = DatabaseConfig::External { options, durability: Durability::Durable };
        let sealed = sealing_key(None, &external, Path::new("/nowhere"));
        assert!(matches!(sealed, Err(SecretError::Missing)));
    }
}
