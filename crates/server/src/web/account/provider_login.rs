//! Logging in at an identity provider: the way to its page, and the way back.

use axum::extract::State;
use axum::http::header::{LOCATION, REFRESH, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use maud::html;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{NextQuery, escaped, own_path};
use crate::api::Shop;
use crate::api::texts::{Text, pages};
use crate::http::query::Query;
use crate::security::provider_login::{Attempt, Failed, ProviderLogin, end};
use crate::security::session_cookie;
use crate::web::layout::{nothing_here, page_with};
use crate::web::reader::Reader;

const NEXT_BYTES_MAX: usize = 1_000;

/// What the provider sends with the browser (RFC 6749, 4.1.2).
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ReturnQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// `GET /login/provider`.
pub(crate) async fn start(State(shop): State<Shop>, reader: Reader, Query(query): Query<NextQuery>) -> Response {
    let Some(provider) = &shop.provider_login else { return nothing_here(&reader) };
    // A longer path would not fit into the cookie.
    let next = own_path(query.next.as_deref().filter(|next| next.len() <= NEXT_BYTES_MAX));
    let Ok(attempt) = Attempt::begin(next) else { return failed(&reader, next, Failed::Unreachable) };
    let Ok(page) = HeaderValue::try_from(provider.page_for(&attempt)) else {
        return failed(&reader, next, Failed::Refused);
    };
    let headers = [(LOCATION, page), (SET_COOKIE, attempt.cookie(provider.is_secure()))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// `GET /login/provider/return`.
pub(crate) async fn come_back(
    State(shop): State<Shop>,
    reader: Reader,
    headers: HeaderMap,
    Query(query): Query<ReturnQuery>,
) -> Response {
    let Some(provider) = &shop.provider_login else { return nothing_here(&reader) };
    let attempt = Attempt::of(&headers).filter(|attempt| attempt.is_answered_by(query.state.as_deref().unwrap_or("")));
    let next = attempt.as_ref().map_or("/", |attempt| own_path(Some(&attempt.next))).to_owned();
    let logged_in = match attempt {
        Some(attempt) => session(&shop, provider, &attempt, query).await,
        None => Err(Failed::Refused),
    };
    let ended = end(provider.is_secure());
    match logged_in {
        Ok(cookie) => {
            (AppendHeaders([(SET_COOKIE, cookie), (SET_COOKIE, ended)]), welcome(&reader, &next)).into_response()
        }
        Err(reason) => ([(SET_COOKIE, ended)], failed(&reader, &next, reason)).into_response(),
    }
}

/// Returns the cookie of the session.
async fn session(
    shop: &Shop,
    provider: &ProviderLogin,
    attempt: &Attempt,
    query: ReturnQuery,
) -> Result<HeaderValue, Failed> {
    if let Some(error) = query.error {
        tracing::info!("The identity provider did not log a person in: {:?}", error.get(..100).unwrap_or(&error));
        return Err(Failed::Refused);
    }
    let token = provider.token(attempt, &query.code.ok_or(Failed::Refused)?).await?;
    let Ok(session) = shop.tokens.session_of_token(&token).await else {
        tracing::warn!(
            "The identity provider's ID token is refused: compare auth.jwks with its issuer, audience and keys"
        );
        return Err(Failed::Refused);
    };
    Ok(session_cookie::start(&token, session.left(), provider.is_secure()))
}

/// Leads on by a page of the shop: a browser sends the session's cookie only with visits that begin there.
fn welcome(reader: &Reader, next: &str) -> Response {
    let say = |text: Text| text.of(reader.language);
    let content = html! {
        div.narrow {
            h1 { (say(pages::LOGGED_IN)) }
            p { a.button href=(next) { (say(pages::CONTINUE)) } }
        }
    };
    let to = HeaderValue::try_from(format!("0; url={next}")).unwrap_or(HeaderValue::from_static("0; url=/"));
    ([(REFRESH, to)], page_with(StatusCode::OK, reader, say(pages::LOGGED_IN), &content)).into_response()
}

fn failed(reader: &Reader, next: &str, reason: Failed) -> Response {
    let say = |text: Text| text.of(reader.language);
    let (status, hint) = match reason {
        Failed::Refused => (StatusCode::FORBIDDEN, pages::PROVIDER_REFUSED),
        Failed::Unreachable => (StatusCode::SERVICE_UNAVAILABLE, pages::PROVIDER_DOWN),
    };
    let content = html! {
        div.narrow {
            h1 { (say(pages::NOT_LOGGED_IN)) }
            p.soft role="alert" { (say(hint)) }
            p { a.button href={ "/login?next=" (escaped(next)) } { (say(pages::LOG_IN)) } }
        }
    };
    page_with(status, reader, say(pages::NOT_LOGGED_IN), &content)
}
