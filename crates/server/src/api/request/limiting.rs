//! The middleware that applies the rate limits to all writing requests.

use app::resilience::rates::Rate;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::ids::UserId;

use crate::api::Shop;
use crate::api::texts::details;
use crate::http::connections::Peer;
use crate::http::{Code, Problem};
use crate::security::auth::Asked;
use crate::security::login_attempts::seconds;
use crate::security::rate_limits::Verdict;

/// The prefix of the callbacks' paths. Rate limits do not apply to them.
pub(super) const CALLBACKS: &str = "/api/payments/callbacks/";

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

pub(in crate::api) async fn limited(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let is_callback = request.uri().path().starts_with(CALLBACKS);
    if is_callback || [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return next.run(request).await;
    }
    // A request without a valid token is limited by its address only.
    let session = {
        let asked = Asked { method: request.method(), uri: request.uri(), headers: request.headers() };
        shop.tokens.session_of(asked, None).await.ok()
    };
    let user = session.map(|session| UserId(session.principal.user_id));
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let Some(verdict) = shop.limits.take(user, address).await else { return next.run(request).await };
    if verdict.taken.is_granted {
        let mut response = next.run(request).await;
        insert_limits(response.headers_mut(), &verdict);
        return response;
    }
    let detail = details::RATE_EXCEEDED.with(verdict.rate.per_s).with(verdict.rate.burst);
    let mut response = Problem::new(Code::RateExceeded, detail).into_response();
    insert_limits(response.headers_mut(), &verdict);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds(verdict.taken.wait)));
    response
}

fn insert_limits(headers: &mut HeaderMap, verdict: &Verdict) {
    let Verdict { name, rate: Rate { per_s, burst }, taken } = verdict;
    let window = u64::from(*burst).div_ceil(u64::from(*per_s)).max(1);
    let policy = format!("\"{name}\";q={burst};w={window}");
    let limit = format!("\"{name}\";r={};t={}", taken.left, seconds(taken.wait));
    for (header, text) in [(POLICY, policy), (LIMIT, limit)] {
        headers.insert(header, HeaderValue::try_from(text).expect("words and digits are a header"));
    }
}
