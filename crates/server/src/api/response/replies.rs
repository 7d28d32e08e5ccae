//! Answers to commands: accepted, changed, repeated.

use std::time::Duration;

use app::commands::Tag;
use app::commands::answer::changed::Changed;
use app::commands::answer::{Answer, Reply};
use axum::http::header::{ETAG, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::refusals::problem;
use crate::api::request::if_match;
use crate::http::Problem;
use crate::http::headers::Prefer;
use crate::http::json::Json;
use crate::openapi::{Answers, Operation};
use crate::runtime::estimates;

/// Returns a 202 answer with the estimate as `Retry-After`; 1 second until one was measured.
pub(in crate::api) fn accepted(body: impl Serialize, estimate: Option<Duration>) -> Response {
    let retry_after = HeaderValue::from(estimate.map_or(1, estimates::seconds));
    (StatusCode::ACCEPTED, [(RETRY_AFTER, retry_after)], Json(body)).into_response()
}

/// Returns what a command changed, if its reply says so, and whether the reply is a repeat.
pub(in crate::api) fn left_behind(reply: Reply) -> Result<(Option<Changed>, bool), Problem> {
    let answer = reply.result.map_err(|refusal| problem(&refusal))?;
    let now = if let Answer::Changed { now } = answer { Some(*now) } else { None };
    Ok((now, reply.replayed))
}

/// The answer to a change, marked if it is a repeat.
pub(crate) struct Shown<T> {
    body: T,
    replayed: bool,
    tag: Option<Tag>,
}

impl<T> Shown<T> {
    /// Names the state that the body shows, for `If-Match`.
    pub(in crate::api) fn tagged(mut self, tag: Tag) -> Shown<T> {
        self.tag = Some(tag);
        self
    }
}

pub(in crate::api) const fn shown<T>(body: T, replayed: bool) -> Shown<T> {
    Shown { body, replayed, tag: None }
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        mark_replayed(&mut response, self.replayed);
        if let Some(tag) = self.tag {
            response.headers_mut().insert(ETAG, if_match::header(tag));
        }
        response
    }
}

impl<T: Serialize + JsonSchema + 'static> Answers for Shown<T> {
    fn answer(operation: Operation) -> Operation {
        Json::<T>::answer(operation)
    }
}

/// The answer to a deletion.
pub(in crate::api) fn deleted(replayed: bool) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    mark_replayed(&mut response, replayed);
    response
}

/// Marks an answer that repeats an earlier one.
pub(in crate::api) fn mark_replayed(response: &mut Response, replayed: bool) {
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
}

/// Adds the header that names the applied preference.
pub(in crate::api) fn applied(response: &mut Response, prefer: Prefer) {
    if let Some((name, value)) = prefer.applied() {
        response.headers_mut().insert(name, value);
    }
}
