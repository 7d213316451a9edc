//! HMAC-SHA256 (RFC 2104), as Stripe and GitHub sign their webhooks.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Bytes that SHA-256 works on at once.
const BLOCK: usize = 64;

/// Returns the value of the header `Signalbox-Signature` for a body sent at an instant: `t=<Unix time>,v1=<hex>`, where the
/// signed text is the time, a full stop and the body. The time is signed, too, so that a receiver can refuse what somebody
/// recorded and sends again later.
pub fn sign(secret: &SecretString, at: DateTime<Utc>, body: &[u8]) -> String {
    let time = at.timestamp();
    format!("t={time},v1={}", signature_of(secret, time, body))
}

/// Returns the signature alone, in hex.
pub fn signature_of(secret: &SecretString, time: i64, body: &[u8]) -> String {
    let text = [format!("{time}.").as_bytes(), body].concat();
    let digest = hmac_sha256(secret.expose_secret().as_bytes(), &text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test_case(&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")]
    #[test_case(
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )]
    #[test_case(&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")]
    #[test_case(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")]
    fn vectors_of_rfc_4231_hold(key: &[u8], text: &[u8], digest: &str) {
        assert_eq!(hex(&hmac_sha256(key, text)), digest);
    }

    #[test]
    fn header_holds_time_and_signature() {
        let at = DateTime::from_timestamp(1_793_016_000, 0).unwrap();
        let header = sign(&"whsec".to_owned().into(), at, b"{}");
        let signature = signature_of(&"whsec".to_owned().into(), 1_793_016_000, b"{}");
        assert_eq!(header, format!("t=1793016000,v1={signature}"));
        assert_eq!(signature.len(), 64);
    }
}
