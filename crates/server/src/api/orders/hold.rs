//! The time for which an order holds its products while it waits for payment.

use std::time::Duration;

use app::commands::Command;
use axum::extract::State;
use axum::response::Response;
use domain::limits::HOLD_EXTENSION_SECONDS_MAX;
use schemars::JsonSchema;
use serde::Deserialize;

use super::change;
use crate::api::Shop;
use crate::api::request::submission::Submission;
use crate::api::response::examples;
use crate::api::texts::values;
use crate::http::path::{self, Name};
use crate::http::{Problem, Violations};

/// More time to pay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExtendHold", example = examples::extend_hold())]
pub(crate) struct ExtendBody {
    /// Seconds after `payBefore`, or from now on if it has passed.
    #[schemars(range(min = 1, max = HOLD_EXTENSION_SECONDS_MAX))]
    seconds: i64,
}

/// `POST /api/admin/orders/{n}/extend` (O-50).
pub(crate) async fn extend(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<ExtendBody>,
) -> Result<Response, Problem> {
    let (mut violations, seconds) = (Violations::default(), submission.body.seconds);
    if !(1..=HOLD_EXTENSION_SECONDS_MAX).contains(&seconds) {
        violations.push("#/seconds", "out_of_range", values::FROM_TO.with(1).with(HOLD_EXTENSION_SECONDS_MAX));
    }
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?;
    let more = Duration::from_secs(seconds.unsigned_abs());
    let command = Command::ExtendHold { order: order.id(), by: submission.user(), more };
    change(&shop, command, submission.idempotency, submission.prefer).await
}
