//! The guard against requests into the shop's own network: only public addresses are dialled.
//!
//! The check is on the addresses that the connector gets, after every look-up of the name, so a name that changes its
//! address between two look-ups gains nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use app::webhooks::sender::UnfitUrl;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Looks a name up.
pub(super) type LookUp =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> + Send + Sync>;

/// Networks that are not public: IANA's registry of special-purpose addresses, and multicast.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Within 2000::/3, outside of which no address is public: translated, tunnelled, documentation and others.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4: the last 80 bits are free, the first hold an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Returns true if the address belongs to a public host. Mapped and translated forms of IPv4 addresses are outside of
/// 2000::/3 or in the list.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::from(v4);
            !NOT_PUBLIC_V4.iter().any(|(network, length)| (bits ^ u32::from(*network)) >> (32 - length) == 0)
        }
        IpAddr::V6(v6) => {
            let bits = u128::from(v6);
            let is_in = |network: &Ipv6Addr, length: u32| (bits ^ u128::from(*network)) >> (128 - length) == 0;
            bits >> 125 == 1 && !NOT_PUBLIC_V6.iter().any(|(network, length)| is_in(network, *length))
        }
    }
}

/// Which receivers are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Public hosts over HTTPS.
    Public,
    /// Any host, also over HTTP: for tests and intranets.
    Any,
}

/// Parses an endpoint's address. Notations of an IP address are recognised as such.
pub(super) fn check(text: &str, allowed: Allowed) -> Result<Url, UnfitUrl> {
    let url = Url::parse(text).map_err(|_| UnfitUrl::Malformed)?;
    match (url.scheme(), allowed) {
        ("https", _) | ("http", Allowed::Any) => {}
        ("http", Allowed::Public) => return Err(UnfitUrl::NotHttps),
        _ => return Err(UnfitUrl::Malformed),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UnfitUrl::Credentials);
    }
    if url.fragment().is_some() {
        return Err(UnfitUrl::Fragment);
    }
    let host = url.host_str().ok_or(UnfitUrl::Malformed)?;
    let is_reachable = literal(host).map_or_else(|| !is_local_name(host), is_public);
    if allowed == Allowed::Public && !is_reachable {
        return Err(UnfitUrl::Private);
    }
    Ok(url)
}

/// Returns the address that a host of a parsed URL is, if it is one.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Names that by their definition lead into the own network.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    matches!(last, "localhost" | "local" | "internal" | "home" | "lan") || last == host
}

/// A resolver that fails if the name has an address that is not allowed.
pub(super) struct GuardedResolver {
    pub(super) allowed: Allowed,
    pub(super) look_up: LookUp,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, looked_up) = (self.allowed, (self.look_up)(name.as_str().to_owned()));
        Box::pin(async move {
            let found = looked_up.await?;
            // All of them: a name with one private address among public ones is an attempt.
            if allowed == Allowed::Public && !found.iter().all(|address| is_public(address.ip())) {
                return Err("the name leads to an address that is not public".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The look-up of the system.
pub(super) fn system() -> LookUp {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_public_addresses_are_dialled() {
        for refused in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "198.18.0.1",
            "203.0.113.5",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fec0::1",
            "100::1",
        ] {
            assert!(!is_public(refused.parse().unwrap()), "{refused}");
        }
        for allowed in
            ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111"]
        {
            assert!(is_public(allowed.parse().unwrap()), "{allowed}");
        }
    }

    #[test]
    fn an_address_is_checked_in_every_notation() {
        for (text, unfit) in [
            ("https://127.0.0.1/", UnfitUrl::Private),
            ("https://2130706433/", UnfitUrl::Private),
            ("https://0177.0.0.1/", UnfitUrl::Private),
            ("https://0x7f.1/", UnfitUrl::Private),
            ("https://127.1/", UnfitUrl::Private),
            ("https://１２７.0.0.1/", UnfitUrl::Private),
            ("https://[::1]/", UnfitUrl::Private),
            ("https://[::ffff:10.0.0.1]/", UnfitUrl::Private),
            ("https://[::ffff:a00:1]/", UnfitUrl::Private),
            ("https://[64:ff9b::a00:1]/", UnfitUrl::Private),
            ("https://localhost/", UnfitUrl::Private),
            ("https://localhost./", UnfitUrl::Private),
            ("https://a.LocalHost/", UnfitUrl::Private),
            ("https://metadata.google.internal/", UnfitUrl::Private),
            ("https://intranet/", UnfitUrl::Private),
            ("http://example.com/", UnfitUrl::NotHttps),
            ("https://user@example.com/", UnfitUrl::Credentials),
            ("https://:pass@example.com/", UnfitUrl::Credentials),
            ("https://example.com/#part", UnfitUrl::Fragment),
            ("ftp://example.com/", UnfitUrl::Malformed),
            ("file:///etc/passwd", UnfitUrl::Malformed),
            ("gopher://127.0.0.1/", UnfitUrl::Malformed),
            ("example.com", UnfitUrl::Malformed),
            ("https://", UnfitUrl::Malformed),
            ("", UnfitUrl::Malformed),
        ] {
            assert_eq!(check(text, Allowed::Public).map(|url| url.to_string()), Err(unfit), "{text}");
        }
        assert!(check("https://example.com:8443/hooks?a=b", Allowed::Public).is_ok());
        assert!(check("http://127.0.0.1:9/x", Allowed::Any).is_ok());
        assert_eq!(check("ftp://127.0.0.1/", Allowed::Any).unwrap_err(), UnfitUrl::Malformed);
    }

    #[tokio::test]
    async fn a_name_that_turns_private_at_the_second_look_up_is_refused() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let look_up: LookUp = Arc::new(move |_| {
            let address = if counted.fetch_add(1, Ordering::Relaxed) == 0 { "8.8.8.8:0" } else { "127.0.0.1:0" };
            Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
        });
        let resolver = GuardedResolver { allowed: Allowed::Public, look_up };
        let name = || "rebinding.example".parse::<Name>().unwrap();
        let first: Vec<SocketAddr> = resolver.resolve(name()).await.unwrap().collect();
        assert_eq!(first, ["8.8.8.8:0".parse().unwrap()]);
        assert!(resolver.resolve(name()).await.is_err());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
