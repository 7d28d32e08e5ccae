//! Endpoints for orders whose compensation is stuck: resume or resolve.

use app::commands::Command;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use super::change;
use crate::api::Shop;
use crate::api::request::checks::{check_reason, check_reason_if_given};
use crate::api::request::submission::Submission;
use crate::api::response::{examples, shapes};
use crate::http::path::{self, Name};
use crate::http::{Problem, Violations};
use crate::openapi::words;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ResolveOrder", example = examples::resolve_order())]
pub(crate) struct ResolveBody {
    /// Recorded in the order's events.
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ResumeOrder", example = examples::resolve_order())]
pub(crate) struct ResumeBody {
    /// Recorded in the trail.
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: Option<String>,
}

/// `POST /api/admin/orders/{n}/resume`: requests the outstanding restorations of a stuck order again.
pub(crate) async fn resume(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<ResumeBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    check_reason_if_given(submission.body.reason.as_deref(), &mut violations);
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?;
    let command = Command::ResumeOrder { order: order.id() };
    change(&shop, command, submission.idempotency, submission.prefer).await
}

/// `POST /api/admin/orders/{n}/resolve`: restores in this commit what no participant has confirmed as restored.
pub(crate) async fn resolve(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<ResolveBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let reason = check_reason(&submission.body.reason, &mut violations);
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?;
    let command = Command::ResolveOrder { order: order.id(), by: submission.user(), reason };
    change(&shop, command, submission.idempotency, submission.prefer).await
}
