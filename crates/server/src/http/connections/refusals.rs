//! Requests that are refused before routing, and the routing of the others.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{Request, Response, Version};
use tower::ServiceExt as _;

use super::level::{Full, ServiceLevel};
use crate::api::texts::{details, values};
use crate::http::language::Language;
use crate::http::trace::TraceId;
use crate::http::{Code, Problem, envelope};

/// The paths that are answered also on reserve connections.
const HEALTH: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Answers a request: with a refusal before routing, else by its route.
pub(super) async fn respond(
    router: Router,
    request: Request<Body>,
    level: ServiceLevel,
) -> Result<Response<Body>, Infallible> {
    match refusal(&request, level) {
        Some(problem) => {
            let (trace, language) = (TraceId::of(request.headers()), Language::of(request.headers()));
            Ok(envelope::refuse(problem, request.uri().path(), trace, language))
        }
        None => router.oneshot(request).await,
    }
}

/// Returns the problem of a request that is refused before routing: no full service, or not exactly one Host header (RFC 9112,
/// 3.2).
fn refusal(request: &Request<Body>, level: ServiceLevel) -> Option<Problem> {
    if let ServiceLevel::HealthOnly(full) = level
        && !HEALTH.contains(&request.uri().path())
    {
        return Some(match full {
            Full::Shop => Problem::new(Code::Overloaded, details::CONNECTIONS_USED),
            Full::Address => Problem::new(Code::RateExceeded, details::CONNECTIONS_TOO_MANY),
        });
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    match hosts {
        1 => None,
        0 if request.version() < Version::HTTP_11 => None,
        0 => Some(Problem::invalid_header("Host", "required", values::HOST)),
        _ => Some(Problem::invalid_header("Host", "duplicate_header", values::HEADER_TWICE)),
    }
}
