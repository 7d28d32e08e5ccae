//! Trusted proxies in front of the shop, and the client addresses in their header.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which the proxies name their client. Only one is read: a client can send the other one through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
pub enum ForwardedHeader {
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    #[serde(rename = "forwarded")]
    Forwarded,
}

/// The address of a request's client.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The trusted proxies. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    networks: Arc<[Block]>,
    header: ForwardedHeader,
    speak_proxy_protocol: bool,
}

/// An address, or a network such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    base: IpAddr,
    bits: u32,
}

impl FromStr for Block {
    type Err = String;

    fn from_str(text: &str) -> Result<Block, String> {
        let wrong = || format!("{text:?} is neither an address nor a network such as 10.0.0.0/8");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(wrong()) } else { Ok(Block { base, bits }) }
    }
}

impl Block {
    fn has(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Proxies {
    /// Parses addresses and networks, separated by commas.
    ///
    /// # Errors
    /// If one of them is neither.
    pub fn parse(text: &str, header: ForwardedHeader) -> Result<Proxies, String> {
        let given = text.split(',').map(str::trim).filter(|block| !block.is_empty());
        let networks: Result<Vec<Block>, String> = given.map(str::parse).collect();
        Ok(Proxies { networks: networks?.into(), header, speak_proxy_protocol: false })
    }

    /// Makes their connections begin with a header of the PROXY protocol.
    #[must_use]
    pub fn speaking_proxy_protocol(self, speak_proxy_protocol: bool) -> Proxies {
        Proxies { speak_proxy_protocol, ..self }
    }

    /// Returns true if the connections of this address begin with a header of the PROXY protocol.
    pub(super) fn begin_with_header(&self, peer: IpAddr) -> bool {
        self.speak_proxy_protocol && self.trust(peer)
    }

    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.has(address))
    }

    /// Returns the address of the client: the last one in the header that is no trusted proxy. An address that a proxy hides
    /// or misspells is replaced by that of the proxy.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        if !self.trust(peer) {
            return nearest;
        }
        for hop in self.hops(headers) {
            let Some(address) = hop else { return nearest };
            nearest = address;
            if !self.trust(address) {
                break;
            }
        }
        nearest
    }

    /// Returns the addresses in the header, the last one first; `None` for one that is hidden or misspelt.
    fn hops(&self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let header = self.header;
        let name = match header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => FORWARDED,
        };
        let values = headers.get_all(name).iter().rev().map(|value| value.to_str().unwrap_or_default());
        values.flat_map(|text| text.split(',').rev()).map(move |hop| match header {
            ForwardedHeader::XForwardedFor => address(hop.trim()),
            ForwardedHeader::Forwarded => for_of(hop),
        })
    }
}

/// Returns the client of one element of `Forwarded`: `for="[2001:db8::1]:4711";proto=https`.
fn for_of(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

/// Parses an address with or without a port, and with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    with_port().or_else(bare).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 2, 3));

    fn client(header: ForwardedHeader, given: &[(&'static str, &'static str)]) -> String {
        let proxies = Proxies::parse("10.0.0.0/8, 2001:db8::/32", header).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_static(value));
        }
        proxies.client(PROXY, &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        use ForwardedHeader::{Forwarded, XForwardedFor};
        let x = |value| client(XForwardedFor, &[("x-forwarded-for", value)]);
        assert_eq!(x("192.0.2.7"), "192.0.2.7");
        assert_eq!(x("203.0.113.9, 192.0.2.7, 10.9.9.9"), "192.0.2.7", "what the client itself sent is not believed");
        assert_eq!(x("[2001:db9::1]:4711"), "2001:db9::1");
        assert_eq!(x("10.9.9.9"), "10.9.9.9");
        assert_eq!((x("nonsense"), x("192.0.2.7, unknown")), (PROXY.to_string(), PROXY.to_string()));
        assert_eq!(
            client(XForwardedFor, &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.7")]),
            "192.0.2.7"
        );
        assert_eq!(client(XForwardedFor, &[("forwarded", "for=192.0.2.7")]), PROXY.to_string());
        let forwarded = |value| client(Forwarded, &[("forwarded", value)]);
        assert_eq!(forwarded("for=192.0.2.7;proto=https;by=10.1.2.3"), "192.0.2.7");
        assert_eq!(forwarded("for=1.1.1.1, For=\"[2001:db9::1]:80\", for=\"[2001:db8::5]\""), "2001:db9::1");
        assert_eq!(forwarded("for=_hidden"), PROXY.to_string());
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let headers = HeaderMap::from_iter([(X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.7"))]);
        let stranger: IpAddr = "198.51.100.1".parse().unwrap();
        let proxies = Proxies::parse("10.0.0.0/8", ForwardedHeader::XForwardedFor).unwrap();
        assert_eq!(proxies.client(stranger, &headers), stranger);
        assert_eq!(Proxies::default().client(PROXY, &headers), PROXY);
        assert!(proxies.trust("::ffff:10.0.0.1".parse().unwrap()));
        assert!(Proxies::parse("0.0.0.0/0", ForwardedHeader::XForwardedFor).unwrap().trust(stranger));
        for wrong in ["10.0.0.0/33", "proxy.example", "10.0.0.0/x"] {
            assert!(Proxies::parse(wrong, ForwardedHeader::XForwardedFor).is_err(), "{wrong}");
        }
    }
}
