//! The cookie that carries a browser's token, and the check that a writing request with it comes from the shop's own pages.

use std::time::Duration;

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};

const NAME: &str = "doorbuster_session";

/// Returns the token of the session cookie.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    value(headers, NAME)
}

/// Returns the value of a cookie.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let given = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = given.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"'))
}

/// Returns the header that starts a session. Scripts cannot read the cookie, and other sites cannot make a browser send it.
pub fn start(token: &str, lifetime: Duration, is_secure: bool) -> HeaderValue {
    cookie(token, lifetime.as_secs(), is_secure)
}

/// Returns the header that ends a session.
pub fn end(is_secure: bool) -> HeaderValue {
    cookie("", 0, is_secure)
}

fn cookie(token: &str, lifetime_s: u64, is_secure: bool) -> HeaderValue {
    Cookie { name: NAME, value: token, path: "/", lifetime_s, same_site: "Strict" }.header(is_secure)
}

/// A cookie that scripts cannot read.
pub(super) struct Cookie<'a> {
    pub(super) name: &'static str,
    /// Base64url and dots.
    pub(super) value: &'a str,
    pub(super) path: &'static str,
    pub(super) lifetime_s: u64,
    pub(super) same_site: &'static str,
}

impl Cookie<'_> {
    pub(super) fn header(&self, is_secure: bool) -> HeaderValue {
        let Cookie { name, value, path, lifetime_s, same_site } = self;
        let secure = if is_secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={path}; Max-Age={lifetime_s}; HttpOnly; SameSite={same_site}{secure}");
        // Base64url and dots are valid in a header, so this never falls back.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// Returns true if the request comes from a page of this host. A browser names the origin with every request that writes, and
/// with every request of another site's script; a reading request without an origin is a visit.
pub fn is_from_own_page(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    if !headers.contains_key(ORIGIN) {
        return [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    }
    let host =
        headers.get(HOST).and_then(|host| host.to_str().ok()).or_else(|| uri.authority().map(|host| host.as_str()));
    let origin = origin_of(headers).and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    matches!((origin, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}

fn origin_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        assert_eq!(token(&headers(&[("cookie", "a=1; doorbuster_session=x.y.z; b=2")])), Some("x.y.z"));
        assert_eq!(token(&headers(&[("cookie", "a=1"), ("cookie", "doorbuster_session=x.y.z")])), Some("x.y.z"));
        assert_eq!(token(&headers(&[("cookie", "xdoorbuster_session=1; doorbuster_session")])), None);
    }

    #[test]
    fn only_a_page_of_this_host_may_write() {
        let check = |method: Method, given: &[(&'static str, &'static str)], expected: bool| {
            let uri = Uri::from_static("/api/orders");
            assert_eq!(is_from_own_page(&method, &uri, &headers(given)), expected, "{method} {given:?}");
        };
        check(Method::GET, &[("host", "shop.example")], true);
        check(Method::GET, &[("host", "shop.example"), ("origin", "https://evil.example")], false);
        check(Method::POST, &[("host", "shop.example"), ("origin", "https://shop.example")], true);
        check(Method::POST, &[("host", "shop.example:8080"), ("origin", "http://shop.example:8080")], true);
        check(Method::POST, &[("host", "shop.example"), ("origin", "https://evil.example")], false);
        check(Method::POST, &[("host", "shop.example"), ("origin", "https://shop.example.evil")], false);
        check(Method::POST, &[("host", "shop.example:8080"), ("origin", "http://shop.example:8081")], false);
        check(Method::POST, &[("host", "shop.example")], false);
        check(Method::POST, &[("host", "shop.example"), ("origin", "null")], false);
        check(Method::DELETE, &[("origin", "https://shop.example")], false);
    }
}
