//! The shop's own address, as the client wrote it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use crate::openapi::{Describes, Operation};

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Scheme and authority, such as `https://shop.example`; empty if the request names no host.
pub(crate) struct Site(String);

impl Site {
    /// Returns an address of this shop as an absolute one; others are absolute already.
    pub(in crate::api) fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') { format!("{}{url}", self.0) } else { url.to_owned() }
    }

    fn of(headers: &HeaderMap) -> Site {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(host) = text(HOST) else { return Site(String::new()) };
        let is_page_secure = text(ORIGIN).is_some_and(|origin| origin.strip_prefix("https://") == Some(host));
        let scheme = if is_page_secure || text(FORWARDED_PROTO) == Some("https") { "https" } else { "http" };
        Site(format!("{scheme}://{host}"))
    }
}

impl<S: Sync> FromRequestParts<S> for Site {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Site, Infallible> {
        Ok(Site::of(&parts.headers))
    }
}

/// Describes nothing: every request has a host.
impl Describes for Site {
    fn describe(_: &mut Operation) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_shop_is_made_absolute_as_the_client_sees_the_shop() {
        let site = |headers: &[(HeaderName, &str)]| {
            Site::of(&headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect())
        };
        assert_eq!(site(&[(HOST, "127.0.0.1:8080")]).absolute("/a"), "http://127.0.0.1:8080/a");
        assert_eq!(
            site(&[(HOST, "shop.example"), (ORIGIN, "https://shop.example")]).absolute("/a"),
            "https://shop.example/a"
        );
        assert_eq!(
            site(&[(HOST, "shop.example"), (ORIGIN, "https://evil.example")]).absolute("/a"),
            "http://shop.example/a"
        );
        assert_eq!(
            site(&[(HOST, "shop.example"), (FORWARDED_PROTO, "https")]).absolute("/a"),
            "https://shop.example/a"
        );
        assert_eq!(site(&[]).absolute("https://hooks.stripe.com/3ds"), "https://hooks.stripe.com/3ds");
    }
}
