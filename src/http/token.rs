use axum::http::{HeaderMap, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Tells whether a request carries the token.
pub(super) fn is_authorized(headers: &HeaderMap, token: Option<&SecretString>) -> bool {
    bearer(headers).is_some_and(|given| is_the_token(given, token))
}

/// Tells whether this is the token. An absent or empty token lets nobody in.
pub(super) fn is_the_token(given: &[u8], token: Option<&SecretString>) -> bool {
    let expected = token.map_or("", ExposeSecret::expose_secret);
    !expected.is_empty() && equal(given, expected.as_bytes())
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Digests have one length, so the time taken tells nothing of the token's.
fn equal(given: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(given).ct_eq(&Sha256::digest(expected)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorized(header: &str, token: Option<&str>) -> bool {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
        is_authorized(&headers, token.map(SecretString::from).as_ref())
    }

    #[test]
    fn only_the_very_token_lets_in() {
        assert!(authorized("Bearer abc", Some("abc")));
        assert!(authorized("bearer abc", Some("abc")));
        for header in ["Bearer abcd", "Bearer ab", "Bearer ", "Basic abc", "abc", ""] {
            assert!(!authorized(header, Some("abc")), "{header}");
        }
        assert!(!is_authorized(&HeaderMap::new(), Some(&"abc".into())));
    }

    #[test]
    fn without_a_token_nobody_gets_in() {
        assert!(!authorized("Bearer ", Some("")));
        assert!(!authorized("Bearer ", None));
    }
}
