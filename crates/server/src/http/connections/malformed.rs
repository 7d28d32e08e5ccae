//! Replaces the HTTP library's own answers to unreadable requests, which have only a status, by problem documents.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;

use super::limits::HEAD_BYTES_MAX;
use crate::api::texts::details;
use crate::http::language::Language;
use crate::http::trace::TraceId;
use crate::http::{Code, Problem, envelope};

const HEAD_END: &[u8] = b"\r\n\r\n";
const HEAD_BEGIN: &[u8] = b"HTTP/1.1 4";
/// The library's own answers are shorter than this; all of ours carry the header `OURS`.
const OWN_BYTES_MAX: usize = 200;
const OURS: &[u8] = b"request-id";

/// Returns where the library's own answer begins in the bytes to send, and its status. It is the last thing on a connection.
pub(super) fn find(bytes: &[u8]) -> Option<(usize, StatusCode)> {
    if !bytes.ends_with(HEAD_END) {
        return None;
    }
    let from = bytes.len().saturating_sub(OWN_BYTES_MAX);
    let begin = from + bytes[from..].windows(HEAD_BEGIN.len()).rposition(|window| window == HEAD_BEGIN)?;
    let own = &bytes[begin..];
    if own.windows(OURS.len()).any(|window| window.eq_ignore_ascii_case(OURS)) {
        return None;
    }
    let status = StatusCode::from_bytes(own.get(9..12)?).ok()?;
    Some((begin, status))
}

/// Returns the answer that replaces it.
pub(super) fn answer(status: StatusCode) -> Bytes {
    let problem = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG => {
            Problem::new(Code::HeadersTooLarge, details::HEAD_TOO_LARGE.with(HEAD_BYTES_MAX / 1024))
        }
        _ => Problem::new(Code::RequestMalformed, details::NO_REQUEST),
    };
    let trace = TraceId::random();
    tracing::debug!(%trace, status = status.as_u16(), "A request could not be read");
    // The path of an unreadable request is unknown.
    written(envelope::refuse(problem, "/", trace, Language::default()))
}

/// Serializes an answer after which the connection closes.
fn written(response: Response<Body>) -> Bytes {
    let (head, body) = response.into_parts();
    let reason = head.status.canonical_reason().unwrap_or_default();
    let mut bytes =
        BytesMut::from(format!("HTTP/1.1 {} {reason}\r\nconnection: close\r\n", head.status.as_u16()).as_bytes());
    for (name, value) in &head.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    // A problem document is one buffer, so its body is ready.
    if let Some(Ok(body)) = body.collect().now_or_never() {
        bytes.extend_from_slice(&body.to_bytes());
    }
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[u8] =
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn the_librarys_own_answer_is_found_behind_ours() {
        assert_eq!(find(OWN), Some((0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)));
        let ours = b"HTTP/1.1 400 Bad Request\r\nrequest-id: 0af7\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(find(&[ours, OWN].concat()), Some((ours.len(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)));
    }

    #[test]
    fn the_shops_answers_are_not_changed() {
        for ours in [
            &b"HTTP/1.1 404 Not Found\r\nrequest-id: 0af7\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nrequest-id: 0af7\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            b"0\r\n\r\n",
            b"",
        ] {
            assert_eq!(find(ours), None, "{}", String::from_utf8_lossy(ours));
        }
    }

    #[test]
    fn the_librarys_own_answer_becomes_a_problem_document() {
        let bytes = answer(StatusCode::BAD_REQUEST);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&"request.malformed".into(), &400.into()));
        for line in ["HTTP/1.1 400 Bad Request", "connection: close", "content-type: application/problem+json"] {
            assert!(head.contains(line), "{line} is missing in {head}");
        }
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    }
}
