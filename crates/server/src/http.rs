//! HTTP around the endpoints: connections, extractors, problem documents, and the envelope of every answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use crate::config;
use crate::metrics::Metrics;

pub mod body;
pub mod connections;
pub mod cursor;
pub mod envelope;
pub mod fallback;
pub mod headers;
pub mod json;
pub mod language;
pub mod path;
pub mod problem;
pub mod query;
pub mod signed;
pub mod trace;

pub use problem::{Code, Problem, Violation, Violations};

/// What a request may cost before it is refused; the state of every router with a JSON body has it.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    pub bytes_max: usize,
    pub timeout: Duration,
}

impl From<&config::Server> for BodyLimits {
    fn from(server: &config::Server) -> BodyLimits {
        BodyLimits { bytes_max: server.body_bytes_max, timeout: server.body_timeout() }
    }
}

/// Puts the envelope around all routes; the last thing done to a router before it is served.
pub fn enclose(router: Router, metrics: Arc<Metrics>) -> Router {
    router
        .fallback(fallback::route_not_found)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(envelope::EnvelopeLayer::new(metrics))
        // Routes are prepared once here instead of once per request.
        .with_state(())
}
