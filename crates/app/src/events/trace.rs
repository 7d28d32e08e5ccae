//! The trace of a request (W3C Trace Context), which its events carry.

pub mod span;

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

/// The length of version 00; later versions may append fields.
const BYTES: usize = 55;
/// The only flag that later versions are known to keep.
const SAMPLED: u8 = 1;

/// A `traceparent` of version 00: a trace, its causing span, and flags. Its text form is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: NonZeroU128,
    span: NonZeroU64,
    flags: u8,
}

impl TraceParent {
    /// Parses a header; `None` if it is invalid, in which case it must be ignored. Fields appended by later versions
    /// are dropped, as the standard requires.
    pub fn parse(text: &[u8]) -> Option<TraceParent> {
        let fields = std::str::from_utf8(text.get(..BYTES)?).ok()?;
        let is_lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        // Afterwards everything is ASCII, and every index below is the edge of a character.
        let is_spelled =
            |(place, b): (usize, u8)| if matches!(place, 2 | 35 | 52) { b == b'-' } else { is_lower_hex(b) };
        if !fields.bytes().enumerate().all(is_spelled) {
            return None;
        }
        let version = &fields[..2];
        // Version 00 ends here, and ff is forbidden.
        if version == "ff" || text.get(BYTES).is_some_and(|next| version == "00" || *next != b'-') {
            return None;
        }
        let flags = u8::from_str_radix(&fields[53..], 16).ok()?;
        Some(TraceParent {
            trace: NonZeroU128::new(u128::from_str_radix(&fields[3..35], 16).ok()?)?,
            span: NonZeroU64::new(u64::from_str_radix(&fields[36..52], 16).ok()?)?,
            flags: if version == "00" { flags } else { flags & SAMPLED },
        })
    }

    /// Returns a traced span as the parent of what it causes; `None` if one of the numbers is 0.
    pub fn of_span(trace: u128, span: u64) -> Option<TraceParent> {
        Some(TraceParent { trace: NonZeroU128::new(trace)?, span: NonZeroU64::new(span)?, flags: SAMPLED })
    }

    /// Returns the id of the causing span.
    pub const fn span(self) -> u64 {
        self.span.get()
    }

    /// Returns true if the caller traces this request.
    pub const fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Returns the id of the trace.
    pub const fn trace(self) -> u128 {
        self.trace.get()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = TraceParent::parse(text.as_bytes()).map(|found| found.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_valid_header_is_written_as_it_was_read() {
        for flags in ["00", "01", "03"] {
            let text = format!("00-{TRACE}-00ad6b7169203331-{flags}");
            check(&text, Some(&text));
        }
        let number = TraceParent::parse(format!("00-{TRACE}-b7ad6b7169203331-01").as_bytes()).unwrap().trace();
        assert_eq!(format!("{number:032x}"), TRACE);
    }

    #[test]
    fn unknown_parts_of_a_later_version_are_dropped() {
        let known = format!("00-{TRACE}-b7ad6b7169203331-01");
        check(&format!("cc-{TRACE}-b7ad6b7169203331-09-more"), Some(&known));
        check(&format!("cc-{TRACE}-b7ad6b7169203331-01"), Some(&known));
        check(&format!("cc-{TRACE}-b7ad6b7169203331-01more"), None);
    }

    #[test]
    fn invalid_headers_are_ignored() {
        check("", None);
        check(&format!("00-{TRACE}-b7ad6b7169203331-0"), None);
        check(&format!("00-{TRACE}-b7ad6b7169203331-01-more"), None);
        check(&format!("ff-{TRACE}-b7ad6b7169203331-01"), None);
        check(&format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), None);
        check(&format!("00-{TRACE}-0000000000000000-01"), None);
        check(&format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()), None);
        check(&format!("00_{TRACE}_b7ad6b7169203331_01"), None);
        check(&format!("00-{TRACE}-+7ad6b7169203331-01"), None);
        check(&format!("00-{}-b7ad6b7169203331-01", "é".repeat(16)), None);
        check(&"é".repeat(40), None);
    }
}
