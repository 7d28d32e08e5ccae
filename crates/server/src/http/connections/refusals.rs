//! Requests that are refused before routing.

use axum::http::header::HOST;
use axum::http::{Request, Version};

use super::level::{Full, ServiceLevel};
use crate::api::texts::{details, values};
use crate::http::{Code, Problem};

/// The paths that are answered also on reserve connections.
const HEALTH: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Returns the problem of a request that is refused before routing: no full service, or not exactly one Host header (RFC 9112,
/// 3.2).
pub(super) fn refusal<B>(request: &Request<B>, level: ServiceLevel) -> Option<Problem> {
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
