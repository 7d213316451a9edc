use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    AeadCore, Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};

/// Length of an XChaCha20 nonce, which stands before the sealed text.
const NONCE_BYTES: usize = 24;

/// The key that seals provider keys: 32 bytes, which never appear in a log.
#[derive(Clone)]
pub struct SealingKey(XChaCha20Poly1305);

/// A text that should have been a sealing key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret key must be 32 bytes in base64, such as `openssl rand -base64 32` prints")]
pub struct InvalidSealingKey;

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey")
    }
}

impl SealingKey {
    /// Takes 32 bytes in base64.
    ///
    /// # Errors
    /// [`InvalidSealingKey`] where the text is anything else.
    pub fn from_base64(text: &str) -> Result<Self, InvalidSealingKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| InvalidSealingKey)?;
        XChaCha20Poly1305::new_from_slice(&bytes).map(Self).map_err(|_| InvalidSealingKey)
    }

    /// Makes a new key, in base64.
    pub fn generate() -> String {
        let key: Key = XChaCha20Poly1305::generate_key(&mut OsRng);
        STANDARD.encode(key)
    }

    /// Seals a text so that it opens only under the same `name`.
    pub(super) fn seal(&self, text: &[u8], name: &[u8]) -> Option<Vec<u8>> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let sealed = self.0.encrypt(&nonce, Payload { msg: text, aad: name }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed with this key under `name`.
    pub(super) fn open(&self, sealed: &[u8], name: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        self.0.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: name }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealingKey {
        SealingKey::from_base64(&SealingKey::generate()).expect("a generated key is valid")
    }

    #[test]
    fn sealed_text_opens_only_with_the_same_key_and_name() {
        let key = key();
        let sealed = key.seal(b"secret", b"a").expect("sealing works");
        assert_eq!(key.open(&sealed, b"a").as_deref(), Some(&b"secret"[..]));
        assert_eq!(key.open(&sealed, b"b"), None);
        assert_eq!(self::key().open(&sealed, b"a"), None);
        assert_eq!(key.open(&sealed[..10], b"a"), None);
    }

    #[test]
    fn sealing_key_is_32_bytes() {
        assert!(matches!(SealingKey::from_base64("c2hvcnQ="), Err(InvalidSealingKey)));
        assert!(matches!(SealingKey::from_base64("not base64!"), Err(InvalidSealingKey)));
    }
}
