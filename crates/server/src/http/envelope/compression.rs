//! Compression of answers with gzip, for clients that accept it. Streams and small bodies are sent as they are.

use std::io::Write as _;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Smaller bodies fit into one packet, so compression saves none.
const BYTES_MIN: u64 = 1_024;
/// A fast level: pages are rendered for each request.
const LEVEL: u32 = 3;
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// Returns true if the client takes gzip.
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|list| {
        list.split(',').any(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            is_gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
        })
    })
}

/// Compresses the body if it is worth it. `accepted`: the client takes gzip.
pub(super) async fn compress(response: Response<Body>, accepted: bool) -> Response<Body> {
    if !is_worth_it(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.append(VARY, BY_ENCODING);
    if !accepted {
        return Response::from_parts(parts, body);
    }
    // A complete body in memory: reading it neither waits nor fails.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::new(LEVEL));
    let Some(compressed) = encoder.write_all(&bytes).and_then(|()| encoder.finish()).ok() else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.insert(CONTENT_ENCODING, GZIP);
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(compressed.len()));
    Response::from_parts(parts, Body::from(compressed))
}

fn is_worth_it(response: &Response<Body>) -> bool {
    let headers = response.headers();
    // A stream has no exact size. A strong tag names these very bytes.
    let is_large = response.body().size_hint().exact().is_some_and(|size| size >= BYTES_MIN);
    is_large
        && !headers.contains_key(CONTENT_ENCODING)
        && headers.get(ETAG).is_none_or(|tag| tag.as_bytes().starts_with(b"W/"))
        && headers.get(CONTENT_TYPE).is_some_and(is_text)
}

fn is_text(content_type: &HeaderValue) -> bool {
    let essence = content_type.to_str().unwrap_or("").split(';').next().unwrap_or("").trim();
    essence.starts_with("text/") && essence != "text/event-stream"
        || matches!(essence, "application/json" | "application/problem+json" | "image/svg+xml")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn answer(content_type: &'static str, body: Body) -> Response<Body> {
        Response::builder().header(CONTENT_TYPE, content_type).body(body).unwrap()
    }

    fn accepts(list: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(list));
        is_accepted(&headers)
    }

    #[test]
    fn weights_are_respected() {
        assert!(accepts("gzip") && accepts("br, gzip;q=0.5") && accepts("*"));
        assert!(!accepts("br") && !accepts("gzip;q=0") && !accepts("gzip; q=0.000") && !accepts("identity"));
        assert!(!is_accepted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_large_text_is_compressed() {
        let text = "all of the same ".repeat(200);
        let response = compress(answer("application/json", Body::from(text.clone())), true).await;
        assert_eq!((&response.headers()["content-encoding"], &response.headers()["vary"]), (&GZIP, &BY_ENCODING));
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, text);
        assert!(bytes.len() < text.len() / 5);
    }

    #[tokio::test]
    async fn what_gains_nothing_is_left_as_it_is() {
        let large = || "x".repeat(5_000);
        let plain = |response: Response<Body>| !response.headers().contains_key(CONTENT_ENCODING);
        assert!(plain(compress(answer("application/json", Body::from("x".repeat(1_023))), true).await));
        assert!(plain(compress(answer("image/png", Body::from(large())), true).await));
        assert!(plain(compress(answer("text/event-stream", Body::from(large())), true).await));
        assert!(plain(compress(answer("application/json", Body::from(large())), false).await));
        let mut tagged = answer("application/json", Body::from(large()));
        tagged.headers_mut().insert(ETAG, HeaderValue::from_static("\"a\""));
        assert!(plain(compress(tagged, true).await));
    }
}
