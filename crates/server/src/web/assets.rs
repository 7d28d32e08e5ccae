//! Styles and scripts of the pages. All files are in the binary, under an address that changes with their content.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use crate::http::{Problem, fallback};
use crate::openapi::{Describes, Operation};

/// The path of all assets. The part in braces is their version.
pub(crate) const PATH: &str = "/assets/{version}/{name}";

/// What is at an address never changes, so a browser asks once.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $kind:expr;)*) => {
        &[$(Asset { name: $name, content_type: $kind, body: include_bytes!(concat!("../../assets/web/", $name)) },)*]
    };
}

const ASSETS: &[Asset] = assets! {
    "base.css": CSS;
    "store.css": CSS;
    "admin.css": CSS;
    "api.js": SCRIPT;
    "clock.js": SCRIPT;
    "store.js": SCRIPT;
    "admin.js": SCRIPT;
    "live.js": SCRIPT;
    "page.js": SCRIPT;
    "proof.js": SCRIPT;
    "manual.css": CSS;
    "manual.js": SCRIPT;
    "mark.svg": "image/svg+xml";
};

/// A digest of all assets. They share it, so that one can name another by a relative address.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for asset in ASSETS {
        digest.update(asset.name);
        digest.update(asset.body);
    }
    let mut version = String::new();
    for byte in digest.finalize().iter().take(6) {
        // Writing to a string does not fail.
        let _ = write!(version, "{byte:02x}");
    }
    version
});

/// Returns the address of an asset.
pub(crate) fn address(name: &str) -> String {
    debug_assert!(ASSETS.iter().any(|asset| asset.name == name), "{name}");
    format!("/assets/{}/{name}", *VERSION)
}

/// An asset that a request names by its whole address.
pub(crate) struct Named(&'static Asset);

impl<S: Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Named, Problem> {
        let path = parts.uri.path();
        let found = ASSETS.iter().find(|asset| path == address(asset.name));
        found.map(Named).ok_or_else(|| fallback::no_such_route(&parts.method, &parts.uri))
    }
}

/// Describes nothing: assets are not listed in the document.
impl Describes for Named {
    fn describe(_: &mut Operation) {}
}

/// `GET /assets/{version}/{name}`.
pub(crate) async fn serve(Named(asset): Named) -> Response {
    let kind = HeaderValue::from_static(asset.content_type);
    (StatusCode::OK, [(CONTENT_TYPE, kind), (CACHE_CONTROL, IMMUTABLE)], asset.body).into_response()
}
