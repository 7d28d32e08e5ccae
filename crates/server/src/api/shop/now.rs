//! The course of the last hour, second by second, as this process answered.

use app::events::wire_time;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::response::examples;
use crate::api::texts::values;
use crate::http::Problem;
use crate::http::json::Json;
use crate::http::query::Query;
use crate::metrics::recent::{SECONDS_KEPT, Sample};
use crate::openapi::words;

const SECONDS_DEFAULT: u32 = 60;
const SECONDS_MAX: u32 = 3_600;
const _: () = assert!(SECONDS_KEPT == SECONDS_MAX as usize);

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct NowQuery {
    /// How many seconds back. Default: 60.
    #[serde(default)]
    #[schemars(range(min = 1, max = SECONDS_MAX))]
    seconds: Option<u32>,
}

/// What this process answered, oldest second first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Now", example = examples::now())]
pub(crate) struct NowBody {
    data: Vec<SecondBody>,
}

/// One second.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Second")]
struct SecondBody {
    #[schemars(with = "words::Moment")]
    at: String,
    /// Orders accepted.
    orders: u64,
    /// Coupons issued or requested.
    coupons: u64,
    /// Orders and coupons refused.
    refused: u64,
    /// Milliseconds within which half of the answers about orders and coupons were given; 0 without answers.
    p50_ms: f64,
    /// Milliseconds within which 99 % of them were given.
    p99_ms: f64,
    /// Commands that waited for the engine.
    queue_depth: usize,
}

/// `GET /api/admin/now`.
pub(crate) async fn get(State(shop): State<Shop>, Query(query): Query<NowQuery>) -> Result<Json<NowBody>, Problem> {
    let seconds = query.seconds.unwrap_or(SECONDS_DEFAULT);
    if !(1..=SECONDS_MAX).contains(&seconds) {
        return Err(Problem::invalid_parameter("seconds", "out_of_range", values::FROM_TO.with(1).with(SECONDS_MAX)));
    }
    let data = shop.metrics.recent().latest(seconds as usize).iter().map(second).collect();
    Ok(Json(NowBody { data }))
}

fn second(sample: &Sample) -> SecondBody {
    SecondBody {
        at: wire_time::format(sample.at),
        orders: sample.orders,
        coupons: sample.coupons,
        refused: sample.refused,
        p50_ms: sample.half.as_secs_f64() * 1_000.0,
        p99_ms: sample.most.as_secs_f64() * 1_000.0,
        queue_depth: sample.queue,
    }
}
