//! Cross-origin requests of browsers: only from the configured origins, and without cookies.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const ASKED: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Accept-Language, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, \
     Queue-Ticket, Challenge-Token, traceparent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Location, Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Preference-Applied, ETag",
);
/// Browsers ask again after this many seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// The origins whose pages may call the shop.
#[derive(Clone, Debug, Default)]
pub struct Cors(Option<Arc<[HeaderValue]>>);

/// The rights of a request's origin.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// No origin is configured.
    Off,
    /// The same origin, no browser, or an origin that is not configured.
    Other,
    Allowed(HeaderValue),
}

impl Cors {
    /// Returns the rules for a list of exact origins, separated by commas.
    ///
    /// # Errors
    ///
    /// The first entry that is no origin.
    pub fn parse(list: &str) -> Result<Cors, String> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let origins: Vec<HeaderValue> = entries.map(origin).collect::<Result<_, String>>()?;
        Ok(Cors((!origins.is_empty()).then(|| origins.into())))
    }

    pub(super) fn caller(&self, headers: &HeaderMap) -> Caller {
        let Some(origins) = &self.0 else { return Caller::Off };
        match headers.get(ORIGIN).filter(|origin| origins.contains(origin)) {
            Some(origin) => Caller::Allowed(origin.clone()),
            None => Caller::Other,
        }
    }
}

/// Answers a preflight request of an allowed origin.
pub(super) fn preflight(caller: &Caller, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
    let is_preflight = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || !matches!(caller, Caller::Allowed(_)) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ASKED);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Some(response)
}

/// Adds the headers by which a browser lets the caller read the answer.
pub(super) fn complete(caller: Caller, headers: &mut HeaderMap) {
    if matches!(caller, Caller::Off) {
        return;
    }
    headers.append(VARY, BY_ORIGIN);
    if let Caller::Allowed(origin) = caller {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Checks that a text is an origin as browsers send it: scheme, host and port, nothing else.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':' | b'[' | b']'))
    };
    let origin = host.filter(|host| is_plain(host)).and_then(|_| HeaderValue::from_str(text).ok());
    origin.ok_or_else(|| {
        format!("server.cors_origins: {text:?} is not an origin; write it as https://shop.example.com or http://127.0.0.1:3000")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_origins_are_accepted() {
        for bad in [
            "*",
            "shop.example.com",
            "https://",
            "https://a.example/",
            "https://A.example",
            "ftp://a",
            "https://a b",
            "null",
        ] {
            assert!(Cors::parse(bad).is_err_and(|error| error.contains(bad)), "{bad}");
        }
        assert!(Cors::parse("").unwrap().0.is_none());
        let two = Cors::parse("https://a.example, http://127.0.0.1:3000").unwrap();
        assert_eq!(two.0.unwrap().len(), 2);
    }

    #[test]
    fn an_origin_is_compared_as_a_whole() {
        let cors = Cors::parse("https://a.example").unwrap();
        let asked = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            matches!(cors.caller(&headers), Caller::Allowed(_))
        };
        assert!(asked("https://a.example"));
        assert!(!asked("https://a.example.evil") && !asked("http://a.example") && !asked("https://a.example:444"));
    }
}
