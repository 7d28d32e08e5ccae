//! The trace of a request: the client's W3C trace context, or a new trace.

use std::cell::Cell;
use std::fmt;

use app::events::trace::TraceParent;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

/// Returns the client's trace context. An invalid header is ignored, and so are two headers, since either could be meant.
pub(super) fn given(headers: &HeaderMap) -> Option<TraceParent> {
    let mut given = headers.get_all("traceparent").iter();
    let only = given.next().filter(|_| given.next().is_none());
    only.and_then(|value| TraceParent::parse(value.as_bytes()))
}

/// 32 lower-case hex digits, not all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 32]);

impl TraceId {
    pub fn of(headers: &HeaderMap) -> TraceId {
        TraceId::or_random(given(headers))
    }

    /// Returns the client's trace id if there is one, otherwise a random one.
    pub(super) fn or_random(given: Option<TraceParent>) -> TraceId {
        given.map_or_else(TraceId::random, |given| TraceId::from_number(given.trace()))
    }

    pub(super) fn random() -> TraceId {
        let number = (u128::from(next_random()) << 64) | u128::from(next_random());
        TraceId::from_number(number.max(1))
    }

    fn from_number(number: u128) -> TraceId {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        TraceId(std::array::from_fn(|i| HEX[(number >> (124 - 4 * i)) as usize & 15]))
    }

    pub(super) fn number(self) -> u128 {
        u128::from_str_radix(self.as_str(), 16).unwrap_or_default()
    }

    pub(super) const fn digits(self) -> [u8; 32] {
        self.0
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a trace id is hex digits")
    }

    pub(crate) fn to_header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).expect("hex digits are valid in a header")
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for TraceId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<TraceId, Self::Rejection> {
        let given = parts.extensions.get::<TraceId>().copied();
        Ok(given.unwrap_or_else(|| TraceId::of(&parts.headers)))
    }
}

/// SplitMix64 per thread: fast, since every request needs a trace id, which must be unique but not secret.
pub(crate) fn next_random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(getrandom::u64().expect("the system has randomness"));
    }
    STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (HeaderName::from_static("traceparent"), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_one_valid_trace_is_continued() {
        assert_eq!(TraceId::of(&headers(&[VALID])).as_str(), TRACE);
        for ignored in [&[][..], &["00-0-0-00"], &[VALID, VALID]] {
            assert_eq!(given(&headers(ignored)), None, "{ignored:?}");
            assert_ne!(TraceId::of(&headers(ignored)).as_str(), TRACE);
        }
    }

    #[test]
    fn new_traces_differ() {
        assert_ne!(TraceId::random(), TraceId::random());
        assert_eq!(TraceId::random().as_str().len(), 32);
    }
}
