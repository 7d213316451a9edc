use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Longest address, in bytes: what browsers and proxies agree on.
const MAX_BYTES: usize = 2048;

/// Which addresses a provider may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamPolicy {
    /// https, and public addresses only.
    PublicOnly,
    /// Also http, loopback and private networks: for trying things on.
    PrivateAllowed,
}

/// The address of a provider's API, used as given: nothing is appended to it or stripped from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderUrl(Url);

/// Why a text is no [`ProviderUrl`]. None repeats the text, which may hold a password or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not an absolute address.
    #[error("the address is not complete: give one such as https://panel.example/api/v2")]
    NotAbsolute,
    /// Longer than any panel's.
    #[error("the address has {0} bytes, at most {MAX_BYTES} are taken")]
    TooLong(usize),
    /// Neither http nor https.
    #[error("the address begins with `{0}:`, panels are reached by https")]
    Scheme(String),
    /// Plain http, which sends the key in clear.
    #[error("the address begins with `http:`, which sends the key in clear: use https")]
    NotEncrypted,
    /// A user name or password in the address.
    #[error("the address holds a user name or password: leave out what stands before `@`")]
    UserInfo,
    /// A part after `#`, which is never sent.
    #[error("the address has a part after `#`, which is never sent: leave it out")]
    Fragment,
    /// A host inside our own network.
    #[error("`{0}` is not a public address: a provider must be reachable from the internet")]
    NotPublic(String),
}

impl ProviderUrl {
    /// Takes an operator's text, trimmed.
    ///
    /// # Errors
    /// [`InvalidUrl`] names the rule that the text breaks.
    pub fn try_new(text: &str, policy: UpstreamPolicy) -> Result<Self, InvalidUrl> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(InvalidUrl::TooLong(text.len()));
        }
        // The parser drops line breaks silently, and what is used would differ from what was given.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidUrl::NotAbsolute);
        }
        let url = Self(Url::parse(text).map_err(|_| InvalidUrl::NotAbsolute)?);
        url.check(policy)?;
        Ok(url)
    }

    /// Checks everything that shows without asking the name service; a name may still lead to a private address.
    ///
    /// # Errors
    /// [`InvalidUrl`] names the rule that the address breaks under this policy.
    pub fn check(&self, policy: UpstreamPolicy) -> Result<(), InvalidUrl> {
        let url = &self.0;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidUrl::Scheme(url.scheme().to_owned()));
        }
        let Some(host) = url.host() else { return Err(InvalidUrl::NotAbsolute) };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidUrl::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(InvalidUrl::Fragment);
        }
        if policy == UpstreamPolicy::PrivateAllowed {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(InvalidUrl::NotEncrypted);
        }
        if may_be_public(&host) { Ok(()) } else { Err(InvalidUrl::NotPublic(host.to_string())) }
    }

    /// The text as it is sent to.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The parsed address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for ProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names other than `localhost` are judged when they are connected to, by the addresses that they lead to.
fn may_be_public(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_public(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_public(IpAddr::V6(*address)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name != "localhost" && !name.ends_with(".localhost")
        }
    }
}

/// Tells whether an address lies in the public internet, by the IANA registries of special-purpose addresses.
///
/// An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is judged by that.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        // This network, private, loopback; multicast and reserved up to broadcast.
        0 | 10 | 127 | 224..=255 => true,
        // Carrier-grade NAT.
        100 => (64..128).contains(&b),
        // Link-local, with the metadata services of clouds.
        169 => b == 254,
        172 => (16..32).contains(&b),
        // Private, protocol assignments, documentation, 6to4 relays.
        192 => b == 168 || (b == 0 && matches!(c, 0 | 2)) || (b == 88 && c == 99),
        // Benchmarking, documentation.
        198 => matches!(b, 18 | 19) || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    match (a, b) {
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => is_public_v4(joined(g, h)),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => is_public_v4(joined(g, h)),
        (0x2002, _) => is_public_v4(joined(b, c)),
        // Protocol assignments with Teredo and benchmarking, and documentation twice.
        (0x2001, 0..0x200 | 0xdb8) | (0x3fff, 0..0x1000) => false,
        // Global unicast. Loopback, unique local, link-local and multicast lie outside of it.
        _ => a & 0xe000 == 0x2000,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::{
        UpstreamPolicy::{PrivateAllowed, PublicOnly},
        *,
    };

    fn refusal(text: &str, policy: UpstreamPolicy) -> InvalidUrl {
        ProviderUrl::try_new(text, policy).expect_err(text)
    }

    #[test]
    fn address_is_used_as_given() {
        for text in [
            "https://panel.example/api/v2",
            "https://panel.example/api/v2/",
            "https://panel.example/api/v2.php?x=1",
            "https://panel.example:8443/",
            "https://8.8.8.8/api/v1",
            "https://[2606:4700::1111]/api/v2",
        ] {
            let url = ProviderUrl::try_new(&format!(" {text} "), PublicOnly).expect(text);
            assert_eq!(url.as_str(), text);
        }
    }

    #[test]
    fn address_must_be_absolute_and_of_a_panel() {
        for text in ["", "panel.example/api", "/api/v2", "https://", "https://a b/", "https://a\n/"]
        {
            assert_eq!(refusal(text, PrivateAllowed), InvalidUrl::NotAbsolute, "{text}");
        }
        let long = format!("https://panel.example/{}", "a".repeat(MAX_BYTES));
        assert_eq!(refusal(&long, PrivateAllowed), InvalidUrl::TooLong(long.len()));
        for (text, scheme) in [("ftp://a/", "ftp"), ("mailto:a@b", "mailto"), ("a:1/x", "a")] {
            assert_eq!(refusal(text, PrivateAllowed), InvalidUrl::Scheme(scheme.to_owned()));
        }
        assert_eq!(refusal("https://a/#b", PrivateAllowed), InvalidUrl::Fragment);
    }

    #[test]
    fn password_in_an_address_is_refused_and_not_repeated() {
        for text in ["https://me:hunter2@panel.example/", "https://hunter2@panel.example/"] {
            let error = refusal(text, PublicOnly);
            assert_eq!(error, InvalidUrl::UserInfo);
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn public_only_takes_neither_http_nor_a_literal_private_host() {
        assert_eq!(refusal("http://panel.example/", PublicOnly), InvalidUrl::NotEncrypted);
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "10.0.0.1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
            "LOCALHOST.",
            "panel.localhost",
        ] {
            let text = format!("https://{host}/api/v2");
            assert!(matches!(refusal(&text, PublicOnly), InvalidUrl::NotPublic(_)), "{host}");
            assert!(ProviderUrl::try_new(&text, PrivateAllowed).is_ok(), "{host}");
        }
        assert!(ProviderUrl::try_new("http://127.0.0.1:9000/api/v2", PrivateAllowed).is_ok());
    }

    #[test]
    fn special_purpose_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::10.0.0.1",
            "::ffff:192.168.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:0a00:0001::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().expect(text)), "{text}");
        }
    }

    #[test]
    fn addresses_beside_the_special_ranges_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "169.253.1.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.1.1",
            "198.20.0.1",
            "203.0.112.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:4860:4860::8888",
            "2002:0808:0808::1",
            "2606:4700:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(text.parse().expect(text)), "{text}");
        }
    }
}
