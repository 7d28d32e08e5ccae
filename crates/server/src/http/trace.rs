//! The trace a request belongs to: the client's, from W3C trace context, or a new one.

use std::cell::Cell;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

/// 32 lower-case hex digits, not all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 32]);

impl TraceId {
    pub fn of(headers: &HeaderMap) -> TraceId {
        let mut given = headers.get_all("traceparent").iter();
        // Of two nobody knows which one is meant.
        let only = given.next().filter(|_| given.next().is_none());
        only.and_then(|value| TraceId::from_traceparent(value.as_bytes())).unwrap_or_else(TraceId::random)
    }

    fn from_traceparent(value: &[u8]) -> Option<TraceId> {
        let is_hex = |part: &[u8]| part.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_zero = |part: &[u8]| part.iter().all(|b| *b == b'0');
        let (version, rest) = (value.get(..2)?, value.get(2..55)?);
        let (trace, span, flags) = (&rest[1..33], &rest[34..50], &rest[51..53]);
        let dashes = [rest[0], rest[33], rest[50]] == [b'-'; 3];
        // Version 00 is exactly this long; later versions may append fields, and ff is forbidden.
        let length = value.len() == 55 || (version != b"00" && value[55] == b'-');
        let valid = dashes
            && length
            && version != b"ff"
            && [version, trace, span, flags].into_iter().all(is_hex)
            && !is_zero(trace)
            && !is_zero(span);
        valid.then(|| TraceId(trace.try_into().expect("the slice is 32 bytes long")))
    }

    pub(super) fn random() -> TraceId {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let number = (u128::from(next_random()) << 64) | u128::from(next_random());
        let number = number.max(1);
        TraceId(std::array::from_fn(|i| HEX[(number >> (124 - 4 * i)) as usize & 15]))
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

/// SplitMix64 per thread: a trace id must be unique, not secret, and is made for every request.
fn next_random() -> u64 {
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
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[track_caller]
    fn check(traceparent: &str, expected: Option<&str>) {
        let found = TraceId::from_traceparent(traceparent.as_bytes());
        assert_eq!(found.as_ref().map(TraceId::as_str), expected, "{traceparent}");
    }

    #[test]
    fn a_valid_trace_is_continued() {
        check(&format!("00-{TRACE}-b7ad6b7169203331-01"), Some(TRACE));
        check(&format!("cc-{TRACE}-b7ad6b7169203331-01-more"), Some(TRACE));
    }

    #[test]
    fn an_invalid_trace_is_ignored() {
        check("", None);
        check(&format!("00-{TRACE}-b7ad6b7169203331-0"), None);
        check(&format!("00-{TRACE}-b7ad6b7169203331-01-more"), None);
        check(&format!("ff-{TRACE}-b7ad6b7169203331-01"), None);
        check(&format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), None);
        check(&format!("00-{TRACE}-0000000000000000-01"), None);
        check(&format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()), None);
        check(&format!("00_{TRACE}_b7ad6b7169203331_01"), None);
    }

    #[test]
    fn new_traces_differ() {
        assert_ne!(TraceId::random(), TraceId::random());
        assert_eq!(TraceId::random().as_str().len(), 32);
    }
}
