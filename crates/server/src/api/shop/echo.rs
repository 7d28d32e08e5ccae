//! The baseline endpoint of `doorbuster bench`: everything that a request passes through except the engine.

use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;

use crate::api::request::submission::Submission;

const BYTES_MAX: usize = 64 * 1024;

/// `POST /bench/echo/{bytes}`: reads the body, and answers a JSON string of `bytes` bytes.
pub(crate) async fn echo(Path(bytes): Path<usize>, _submission: Submission<IgnoredAny>) -> Response {
    let mut text = vec![b'x'; bytes.clamp(2, BYTES_MAX)];
    let last = text.len() - 1;
    (text[0], text[last]) = (b'"', b'"');
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
