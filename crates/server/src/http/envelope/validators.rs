//! Entity tags: which state an answer shows, and whether the client has it already.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};

/// Returns the tags of a header's list, each without the mark of a weak one; `None` for `*`.
pub(crate) fn tags(value: &str) -> Option<Vec<&str>> {
    if value.trim() == "*" {
        return None;
    }
    Some(value.split(',').map(|tag| tag.trim().trim_start_matches("W/")).collect())
}

/// Tags an answer by its bytes, and lets clients and caches keep it.
pub(crate) async fn tag_by_content(response: Response<Body>, keep: HeaderValue) -> Response<Body> {
    let is_complete = response.status() == StatusCode::OK && response.body().size_hint().exact().is_some();
    if !is_complete || response.headers().contains_key(ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // A complete body in memory: reading it neither waits nor fails.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    let digest = Sha256::digest(&bytes);
    // Weak, since the same tag stands for the compressed bytes.
    let mut tag = String::from("W/\"");
    for byte in &digest[..12] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    if let Ok(tag) = HeaderValue::try_from(tag) {
        parts.headers.insert(ETAG, tag);
        parts.headers.insert(CACHE_CONTROL, keep);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Returns the tags that the client has, if it asks for an answer only beyond them.
pub(super) fn known(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    headers.get(IF_NONE_MATCH).cloned()
}

/// Leaves the body out if the client has it.
pub(super) fn unless_known(response: &mut Response<Body>, known: &HeaderValue) {
    let Some(tag) = response.headers().get(ETAG).filter(|_| response.status() == StatusCode::OK) else { return };
    let tag = tag.to_str().unwrap_or_default().trim_start_matches("W/");
    let is_known = known.to_str().is_ok_and(|list| tags(list).is_none_or(|tags| tags.contains(&tag)));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE] {
            response.headers_mut().remove(name);
        }
    }
}
