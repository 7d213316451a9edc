//! The upstream guard: no call reaches an address that the policy does not allow, whatever the name service says.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::provider::{UpstreamPolicy, is_public};

/// Why a host name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum NameFault {
    /// The name service has no address.
    #[error("DNS: {host}: {words}")]
    Lookup {
        /// The name asked for.
        host: String,
        /// What the name service answered.
        words: String,
    },
    /// Every address that it has is one of ours.
    #[error("{host} resolves to a private address, {address}: providers must be public")]
    Private {
        /// The name asked for.
        host: String,
        /// The first address found.
        address: IpAddr,
    },
}

/// Resolves names and lets only allowed addresses through, so that what is judged is what is connected to: a second
/// look-up could answer otherwise. Literal addresses in a URL never come here.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuardedResolver {
    policy: UpstreamPolicy,
}

impl GuardedResolver {
    pub(super) fn new(policy: UpstreamPolicy) -> Self {
        Self { policy }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        Box::pin(async move {
            let host = name.as_str();
            let found = look_up(host).await?;
            let allowed = allowed(host, found, policy)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

async fn look_up(host: &str) -> Result<Vec<SocketAddr>, NameFault> {
    // Port 0 stands for the URL's own.
    let found = tokio::net::lookup_host((host, 0)).await;
    match found {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(NameFault::Lookup { host: host.to_owned(), words: error.to_string() }),
    }
}

fn allowed(
    host: &str,
    found: Vec<SocketAddr>,
    policy: UpstreamPolicy,
) -> Result<Vec<SocketAddr>, NameFault> {
    let Some(first) = found.first().map(SocketAddr::ip) else {
        return Err(NameFault::Lookup { host: host.to_owned(), words: "no address".to_owned() });
    };
    if policy == UpstreamPolicy::PrivateAllowed {
        return Ok(found);
    }
    let public: Vec<SocketAddr> =
        found.into_iter().filter(|address| is_public(address.ip())).collect();
    if public.is_empty() {
        return Err(NameFault::Private { host: host.to_owned(), address: first });
    }
    Ok(public)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().expect(text), 0)).collect()
    }

    #[test]
    fn private_addresses_among_public_ones_are_dropped() {
        let found = addresses(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"]);
        let left = allowed("panel.example", found.clone(), UpstreamPolicy::PublicOnly);
        assert_eq!(left.expect("public ones are left"), addresses(&["8.8.8.8", "2606:4700::1111"]));
        let left = allowed("panel.example", found.clone(), UpstreamPolicy::PrivateAllowed);
        assert_eq!(left.expect("all are left"), found);
    }

    #[test]
    fn name_with_private_addresses_only_is_refused_with_the_address() {
        let found = addresses(&["10.0.0.1", "::1"]);
        let error = allowed("panel.example", found, UpstreamPolicy::PublicOnly).expect_err("");
        assert_eq!(
            error.to_string(),
            "panel.example resolves to a private address, 10.0.0.1: providers must be public"
        );
    }

    #[tokio::test]
    async fn loopback_name_does_not_pass_the_resolver() {
        let resolver = GuardedResolver::new(UpstreamPolicy::PublicOnly);
        let resolved = resolver.resolve("localhost".parse().expect("a name")).await;
        let Err(error) = resolved else { panic!("localhost was let through") };
        assert!(error.to_string().contains("resolves to a private address"), "{error}");
    }
}
