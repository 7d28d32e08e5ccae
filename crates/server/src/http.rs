//! HTTP around the endpoints: connections, extractors, problem documents, and the layers around all routes.

use std::sync::Arc;

use axum::Router;

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
pub mod weight;

pub use body::BodyLimits;
pub use problem::{Code, Problem, Violation, Violations};

/// Adds the envelope around all routes, and the answer to methods that they do not have. Call it last, right before the router is
/// served, with a fallback for unknown paths.
pub fn enclose(router: Router, metrics: Arc<Metrics>, edge: envelope::Edge) -> Router {
    router
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(envelope::EnvelopeLayer::new(metrics, edge))
        // Prepares the routes once here instead of once per request.
        .with_state(())
}
