//! The span of a request, for the trace collector.

use app::events::trace::span::Kind;
use axum::body::Body;
use axum::http::{Method, Response};

use crate::system::spans::{Context, finish};

/// Ends a request's span when its answer begins.
pub(super) fn end(span: Context, route: Option<&str>, method: &Method, response: &Response<Body>) {
    let name = route.map_or_else(|| method.to_string(), |route| format!("{method} {route}"));
    let mut span = span.end(name, Kind::Server).with("http.request.method", method.as_str());
    if let Some(route) = route {
        span = span.with("http.route", route);
    }
    span.has_failed = response.status().is_server_error();
    finish(span.with("http.response.status_code", i64::from(response.status().as_u16())));
}
