//! Responses, parsed only as far as a measurement needs: status, length, body.

use std::ops::Range;

use memchr::memmem;

/// Above what the server sends for one request.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The response is not HTTP that this client understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("no HTTP/1.1 status line")]
    StatusLine,
    #[error("no content-length")]
    Length,
    #[error("more than {HEAD_BYTES_MAX} bytes of headers or {BODY_BYTES_MAX} of body")]
    TooLong,
}

/// The status of a complete response and the range of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    pub status: u16,
    pub body: Range<usize>,
}

/// Parses the response at the start of `bytes`; `None` until it is complete.
pub fn parse(bytes: &[u8]) -> Result<Option<Parsed>, Malformed> {
    let Some(head_end) = memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > HEAD_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(None) };
    };
    let head = &bytes[..head_end];
    let status = status(head).ok_or(Malformed::StatusLine)?;
    let length = if status == 204 { 0 } else { content_length(head).ok_or(Malformed::Length)? };
    if length > BODY_BYTES_MAX {
        return Err(Malformed::TooLong);
    }
    let body = head_end + 4..head_end + 4 + length;
    Ok((body.end <= bytes.len()).then_some(Parsed { status, body }))
}

fn status(head: &[u8]) -> Option<u16> {
    number(head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).and_then(|status| u16::try_from(status).ok())
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"\r\ncontent-length:";
    let mut rest = head;
    // From one line end to the next, which skips the status line.
    while let Some(line_end) = memchr::memchr(b'\r', rest) {
        rest = &rest[line_end..];
        if rest.len() > NAME.len() && rest[..NAME.len()].eq_ignore_ascii_case(NAME) {
            let value = &rest[NAME.len()..];
            let value_end = memchr::memchr(b'\r', value).unwrap_or(value.len());
            return number(value[..value_end].trim_ascii());
        }
        rest = &rest[1..];
    }
    None
}

/// Parses a number of at most 18 digits.
fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + usize::from(digit - b'0')))
}

/// Returns the integer after `"name":` in a JSON text. Sufficient for bodies whose shape is known.
pub fn integer_after(body: &[u8], quoted_name: &[u8]) -> Option<i64> {
    let from = memmem::find(body, quoted_name)? + quoted_name.len();
    let rest = &body[from..];
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    number(&rest[..digits]).and_then(|number| i64::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 201 Created\r\nx: 1\r\nContent-Length:  5\r\ny: content-length: 9\r\n\r\nhello";

    #[test]
    fn an_answer_is_read_once_it_is_complete() {
        for length in 0..ANSWER.len() {
            assert_eq!(parse(&ANSWER[..length]), Ok(None), "{length}");
        }
        let parsed = parse(ANSWER).unwrap().unwrap();
        assert_eq!((parsed.status, &ANSWER[parsed.body]), (201, b"hello".as_slice()));
    }

    #[test]
    fn what_follows_is_left_alone() {
        let two = [ANSWER, ANSWER].concat();
        assert_eq!(parse(&two).unwrap().unwrap().body.end, ANSWER.len());
    }

    #[test]
    fn an_answer_without_content_needs_no_length() {
        let parsed = parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert_eq!((parsed.status, parsed.body.len()), (204, 0));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert_eq!(parse(b"SSH-2.0\r\n\r\n"), Err(Malformed::StatusLine));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Malformed::Length));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), Err(Malformed::Length));
        assert_eq!(parse(&vec![b'x'; HEAD_BYTES_MAX + 1]), Err(Malformed::TooLong));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"), Err(Malformed::TooLong));
    }

    #[test]
    fn a_number_is_found_by_its_name() {
        let body = br#"{"couponId":3,"issueNumber":42,"message":"x"}"#;
        assert_eq!(integer_after(body, b"\"issueNumber\":"), Some(42));
        assert_eq!(integer_after(body, b"\"message\":"), None);
        assert_eq!(integer_after(body, b"\"nothing\":"), None);
    }
}
