//! JSON bodies. A body that cannot be parsed is refused with the place and the reason.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BodyLimits, Code, Problem, body};
use crate::api::texts::{details, values};

mod explain;
mod mending;
mod strict;

/// A JSON body of type `T`, in requests and in answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// As [`Json`], for requests without required fields: an empty body is the default `T`.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonOrEmpty<T>(pub T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
    BodyLimits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Problem> {
        let (parts, stream) = request.into_parts();
        require_json(&parts.headers)?;
        let bytes = body::read(&parts.headers, stream, BodyLimits::from_ref(state)).await?;
        parse(&bytes).map(Json)
    }
}

impl<S, T> FromRequest<S> for JsonOrEmpty<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Default,
    BodyLimits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<JsonOrEmpty<T>, Problem> {
        let (parts, stream) = request.into_parts();
        if body::is_announced(&parts.headers) {
            require_json(&parts.headers)?;
        }
        let bytes = body::read(&parts.headers, stream, BodyLimits::from_ref(state)).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(JsonOrEmpty(T::default()));
        }
        parse(&bytes).map(JsonOrEmpty)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Refuses a content type other than JSON. A missing one counts as JSON, since hand-written clients leave it out.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(given) = values.next() else {
        return Ok(());
    };
    if values.next().is_some() {
        return Err(Problem::invalid_header("Content-Type", "duplicate_header", values::HEADER_TWICE));
    }
    let given = given.to_str().unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(Problem::new(Code::MediaTypeUnsupported, details::BODY_NOT_JSON))
}

/// Parses a document. On failure, parses it again to find the places of all wrong values: tracking the path costs an allocation per field, which
/// valid requests need not pay.
///
/// # Errors
/// A problem with the places and the reasons.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    strict::from_slice(bytes).map_err(|_| mending::failure::<T>(bytes))
}

#[cfg(test)]
mod tests;
