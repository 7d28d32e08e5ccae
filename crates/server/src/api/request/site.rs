//! The shop's own address, as the client wrote it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;

use crate::http::connections::Encrypted;
use crate::openapi::{Describes, Operation};

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

pub(crate) struct Site {
    /// Scheme and authority, such as `https://shop.example`; empty if the request names no host.
    address: String,
    is_secure: bool,
}

impl Site {
    pub(super) fn of(parts: &Parts) -> Site {
        let is_secure = is_secure(parts);
        let scheme = if is_secure { "https" } else { "http" };
        let address = text(parts, &HOST).map_or_else(String::new, |host| format!("{scheme}://{host}"));
        Site { address, is_secure }
    }

    /// Returns an address of this shop as an absolute one; others are absolute already.
    pub(in crate::api) fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') { format!("{}{url}", self.address) } else { url.to_owned() }
    }

    /// Returns true if the client speaks HTTPS, to this listener or to a proxy in front.
    pub(in crate::api) const fn is_secure(&self) -> bool {
        self.is_secure
    }
}

/// A page of this shop knows its own scheme; a proxy knows its client's; without either, the connection decides.
fn is_secure(parts: &Parts) -> bool {
    let origin = text(parts, &ORIGIN).and_then(|origin| origin.split_once("://"));
    let own_page = origin.filter(|(_, page)| text(parts, &HOST).is_some_and(|host| host.eq_ignore_ascii_case(page)));
    let told = own_page.map(|(scheme, _)| scheme).or_else(|| text(parts, &FORWARDED_PROTO));
    told.map_or_else(|| parts.extensions.get::<Encrypted>().is_some(), |scheme| scheme == "https")
}

fn text<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

impl<S: Sync> FromRequestParts<S> for Site {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Site, Infallible> {
        Ok(Site::of(parts))
    }
}

/// Describes nothing: every request has a host.
impl Describes for Site {
    fn describe(_: &mut Operation) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "http://shop.example/a";
    const SECURE: &str = "https://shop.example/a";

    #[track_caller]
    fn check(headers: &[(HeaderName, &str)], is_encrypted: bool, expected: &str) {
        let mut parts = axum::http::Request::new(()).into_parts().0;
        parts.headers.insert(HOST, "shop.example".parse().unwrap());
        parts.headers.extend(headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())));
        if is_encrypted {
            parts.extensions.insert(Encrypted);
        }
        let site = Site::of(&parts);
        assert_eq!((site.absolute("/a").as_str(), site.is_secure()), (expected, expected == SECURE), "{headers:?}");
    }

    #[test]
    fn an_address_of_the_shop_is_made_absolute_as_the_client_sees_the_shop() {
        check(&[], false, PLAIN);
        check(&[(ORIGIN, "https://shop.example")], false, SECURE);
        check(&[(ORIGIN, "https://evil.example")], false, PLAIN);
        check(&[(FORWARDED_PROTO, "https")], false, SECURE);
        check(&[], true, SECURE);
        check(&[(ORIGIN, "https://evil.example")], true, SECURE);
        // Behind a proxy that encrypts only its own side.
        check(&[(FORWARDED_PROTO, "http")], true, PLAIN);
        check(&[(ORIGIN, "http://shop.example"), (FORWARDED_PROTO, "http")], true, PLAIN);
    }

    #[test]
    fn other_addresses_stay_as_they_are() {
        let site = Site::of(&axum::http::Request::new(()).into_parts().0);
        assert_eq!(site.absolute("https://hooks.stripe.com/3ds"), "https://hooks.stripe.com/3ds");
        assert_eq!(site.absolute("/a"), "/a", "a request without a host");
    }
}
