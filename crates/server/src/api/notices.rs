//! Live notices of a user, resumable by number (N-01…N-04, N-06, C-03, C-17, C-33).

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use domain::ids::UserId;
use serde::Deserialize;

use super::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::{details, values};
use crate::http::headers::Prefer;
use crate::http::language::Language;
use crate::http::query::Query;
use crate::http::{Code, Problem};
use crate::live::feed::Feed;
use crate::live::subscriptions::SubscribeError;
use crate::openapi::{Access, Describes, Operation, Parameter, Place};
use crate::security::auth::OpenSession;

mod socket;
mod sse;

pub(super) use socket::connect as socket;
pub(super) use sse::events;

/// The token may be sent in the query, since a browser's `EventSource` and `WebSocket` cannot set headers. The shop does not log
/// queries, but a proxy in front may; a token in the header stays out of such logs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenQuery {
    access_token: Option<String>,
    #[serde(rename = "lastEventId")]
    last_event_id: Option<String>,
}

/// The client of a notice stream: its session, language, and the notice after which it resumes.
pub(crate) struct Listener {
    session: OpenSession,
    language: Language,
    after: Option<i64>,
    prefer: Prefer,
}

impl FromRequestParts<Shop> for Listener {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Listener, Problem> {
        let Query(query) = Query::<ListenQuery>::from_request_parts(parts, shop).await?;
        let session = shop.tokens.session_of((&*parts).into(), query.access_token.as_deref()).await?;
        let session = OpenSession::begin(&shop.tokens, session);
        let after = resume_after(&parts.headers, query.last_event_id.as_deref())?;
        Ok(Listener { session, language: Language::of(&parts.headers), after, prefer: Prefer::of(&parts.headers) })
    }
}

impl Describes for Listener {
    fn describe(operation: &mut Operation) {
        operation.access = Access::Listeners;
        for (name, place) in [("Last-Event-ID", Place::Header), ("lastEventId", Place::Query)] {
            operation.parameters.push(Parameter {
                name: name.to_owned(),
                place,
                description: "Resume after the notice with this number. The header takes precedence over the query. Default: new notices only."
                    .to_owned(),
                schema: serde_json::json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX}),
                is_required: false,
                example: serde_json::json!(3),
            });
        }
        Language::describe(operation);
        operation.refuse(Code::AuthRequired);
        operation.refuse(Code::ValidationFailed);
        operation.refuse(Code::RateExceeded);
    }
}

impl Listener {
    fn user(&self) -> UserId {
        UserId(self.session.principal.user_id)
    }

    async fn feed(&self, shop: &Shop) -> Result<Feed, Problem> {
        let feed = Feed::open(&shop.submitter, self.user(), self.after).await.map_err(unavailable)?;
        feed.map_err(|refused| match refused {
            SubscribeError::Closing => Problem::new(Code::Unavailable, details::SHOP_CLOSES),
            SubscribeError::TooMany(most) => Problem::new(Code::RateExceeded, details::STREAMS_TOO_MANY.with(most)),
        })
    }
}

/// Returns the notice to resume after. The header wins: a client that reconnects sends it, with the URL of its first connection.
///
/// # Errors
/// A problem that names the header or the parameter if its value is no number.
fn resume_after(headers: &HeaderMap, query: Option<&str>) -> Result<Option<i64>, Problem> {
    const HEADER: &str = "Last-Event-ID";
    let header = headers.get(HEADER).map(|value| value.to_str().unwrap_or("?"));
    let Some(text) = header.or(query).filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(Some).ok_or_else(|| {
        let (code, detail) = ("not_accepted", values::NOTICE_ID);
        match header {
            Some(_) => Problem::invalid_header(HEADER, code, detail),
            None => Problem::invalid_parameter("lastEventId", code, detail),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(header: Option<&'static str>, query: Option<&str>) -> Result<Option<i64>, String> {
        let mut headers = HeaderMap::new();
        if let Some(text) = header {
            headers.insert("last-event-id", text.parse().unwrap());
        }
        resume_after(&headers, query).map_err(|problem| problem.violations()[0].place().to_owned())
    }

    #[test]
    fn the_header_takes_precedence_over_the_query() {
        assert_eq!(after(None, None), Ok(None));
        assert_eq!(after(None, Some("3")), Ok(Some(3)));
        assert_eq!(after(Some("7"), Some("3")), Ok(Some(7)));
        assert_eq!(after(Some("0"), None), Ok(Some(0)));
        assert_eq!(after(Some(""), None), Ok(None));
    }

    #[test]
    fn a_value_that_is_no_number_is_refused() {
        for bad in ["-1", "+1", "1.5", "seven", "99999999999999999999", " 1"] {
            assert_eq!(after(None, Some(bad)), Err("lastEventId".to_owned()), "{bad}");
        }
        assert_eq!(after(Some("seven"), Some("3")), Err("Last-Event-ID".to_owned()));
    }
}
