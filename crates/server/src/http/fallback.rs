//! Answers to requests that no route takes.

use axum::http::{Method, Uri};

use super::{Code, Problem};

pub(super) async fn route_not_found(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::RouteNotFound, format!("There is nothing at {method} {}.", uri.path()))
}

/// The router adds the Allow header.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} does not take {method}.", uri.path()))
}
