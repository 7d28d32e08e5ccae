//! Health endpoints: liveness, readiness, metrics.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::api::Shop;
use crate::api::response::refusals::unavailable;
use crate::api::texts::operators;
use crate::http::{Code, Problem};

/// `GET /livez`: the process answers, and all of its threads work.
pub(crate) async fn live(State(shop): State<Shop>) -> Result<&'static str, Problem> {
    if shop.submitter.health.failed().is_some() {
        return Err(Problem::new(Code::Unavailable, operators::FAILED_FOR_GOOD));
    }
    Ok("ok\n")
}

/// `GET /readyz`: the shop accepts commands, and the store answers and accepts writes.
pub(crate) async fn ready(State(shop): State<Shop>) -> Result<&'static str, Problem> {
    if shop.is_stopping() {
        return Err(Problem::new(Code::Unavailable, operators::STOPPING));
    }
    if !shop.submitter.is_open() {
        return Err(Problem::new(Code::Unavailable, operators::ENGINE_STOPPED));
    }
    if !shop.submitter.health.takes_writes() {
        return Err(Problem::new(Code::Unavailable, operators::NO_WRITES));
    }
    shop.submitter.views.product(domain::ids::ProductId(0)).await.map_err(unavailable)?;
    Ok("ok\n")
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(shop): State<Shop>, asked: HeaderMap) -> Response {
    shop.metrics.exposition(&asked).into_response()
}
