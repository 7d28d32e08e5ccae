//! Answers to requests that match no route.

use axum::http::{Method, Uri};

use super::{Code, Problem};
use crate::api::texts::details;

pub(crate) async fn route_not_found(method: Method, uri: Uri) -> Problem {
    no_such_route(&method, &uri)
}

pub(crate) fn no_such_route(method: &Method, uri: &Uri) -> Problem {
    Problem::new(Code::RouteNotFound, details::NO_ROUTE.with(method).with(uri.path()))
}

/// The router adds the Allow header.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, details::NO_METHOD.with(uri.path()).with(method))
}
