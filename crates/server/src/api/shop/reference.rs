//! The OpenAPI document and the web page that shows it. All files are in the binary; the page loads nothing from other hosts.

use std::sync::LazyLock;

use axum::Extension;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::openapi::{Describes, Operation};

const PAGE: &str = include_str!("../../../assets/reference.html");
const SCRIPT: &str = include_str!("../../../assets/reference.js");
const SAMPLES: &str = include_str!("../../../assets/samples.js");
const CALLING: &str = include_str!("../../../assets/calling.js");
const STYLE: &str = include_str!("../../../assets/reference.css");

/// The page may load its own script and style, and call this shop; nothing else. No site may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The rendered OpenAPI document, which the router provides.
#[derive(Clone, Copy)]
pub(in crate::api) struct Document(pub(in crate::api) &'static LazyLock<Bytes>);

/// Describes nothing: a client does not send it.
impl Describes for Extension<Document> {
    fn describe(_: &mut Operation) {}
}

/// `GET /openapi.json`.
pub(in crate::api) async fn document(Extension(Document(document)): Extension<Document>) -> Response {
    asset("application/json", LazyLock::force(document).clone())
}

/// `GET /docs`.
pub(in crate::api) async fn page() -> Response {
    asset("text/html; charset=utf-8", Bytes::from_static(PAGE.as_bytes()))
}

/// `GET /docs/reference.js`.
pub(in crate::api) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", Bytes::from_static(SCRIPT.as_bytes()))
}

/// `GET /docs/samples.js`: examples of calls in several languages.
pub(in crate::api) async fn samples() -> Response {
    asset("text/javascript; charset=utf-8", Bytes::from_static(SAMPLES.as_bytes()))
}

/// `GET /docs/calling.js`: calls an operation from its page.
pub(in crate::api) async fn calling() -> Response {
    asset("text/javascript; charset=utf-8", Bytes::from_static(CALLING.as_bytes()))
}

/// `GET /docs/reference.css`.
pub(in crate::api) async fn style() -> Response {
    asset("text/css; charset=utf-8", Bytes::from_static(STYLE.as_bytes()))
}

/// `GET /`: redirects to the reference.
pub(in crate::api) async fn root() -> Response {
    const TEXT: &str = "This is a Doorbuster shop. Its API reference is at /docs, as OpenAPI at /openapi.json.\n";
    (StatusCode::FOUND, [(LOCATION, HeaderValue::from_static("/docs"))], TEXT).into_response()
}

/// Answers with a file. Clients must revalidate a cached copy, since another version of the shop may be served here later.
fn asset(content_type: &'static str, body: Bytes) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, body).into_response()
}
