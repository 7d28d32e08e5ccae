//! The yardstick of `doorbuster bench`: everything that a request goes through but the engine.

use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;

use crate::api::request::submission::Submission;

const BYTES_MAX: usize = 64 * 1024;

/// `POST /bench/echo/{bytes}`: reads what it is sent, and answers a JSON text of so many bytes.
pub(crate) async fn echo(Path(bytes): Path<usize>, _submission: Submission<IgnoredAny>) -> Response {
    let mut text = vec![b'x'; bytes.clamp(2, BYTES_MAX)];
    let last = text.len() - 1;
    (text[0], text[last]) = (b'"', b'"');
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
