//! The access log: one line per request, if `log.access` is set.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, Response};

use crate::http::connections::Peer;
use crate::http::trace::TraceId;

/// The request's part of its line. The query is left out, because it may have a token.
pub(super) struct Line {
    method: Method,
    path: String,
    address: Option<IpAddr>,
}

impl Line {
    pub(super) fn begin(request: &Request<Body>) -> Line {
        let address = request.extensions().get::<Peer>().map(|peer| peer.0);
        Line { method: request.method().clone(), path: request.uri().path().to_owned(), address }
    }

    /// Logs the line. A stream is logged when it begins.
    pub(super) fn end(self, trace: TraceId, route: Option<&str>, response: &Response<Body>, took: Duration) {
        let Line { method, path, address } = self;
        let status = response.status().as_u16();
        let duration_ms = took.as_micros() as f64 / 1_000.0;
        let address = address.map(tracing::field::display);
        tracing::info!(target: "access", trace_id = %trace, %method, path, route, status, duration_ms, address, "{method} {path} {status}");
    }
}
