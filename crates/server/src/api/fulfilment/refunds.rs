//! Refund endpoints: customers request refunds, the shop decides (P-06).

use std::sync::Arc;

use app::commands::{Command, RefundDecision, RefundWanted};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::{OrderId, ProductId};
use domain::limits::{LINES_MAX, QUANTITY_MAX};
use domain::order::fulfilment::Goods;
use domain::order::{Order, Status};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::Shop;
use crate::api::orders::owner::Whose;
use crate::api::request::checks::{check_reason, check_text, note_of};
use crate::api::request::submission::Submission;
use crate::api::response::refusals::unavailable;
use crate::api::response::refusals::{order_not_found, problem};
use crate::api::response::replies::{applied, mark_replayed};
use crate::api::response::{examples, render, shapes};
use crate::api::texts::values;
use crate::http::json::Json;
use crate::http::path::{self, Name};
use crate::http::{Problem, Violations};
use crate::live::waiting::{Known, Subject};
use crate::openapi::words;

const REASON_CHARS_MAX: usize = 500;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RefundOrder", example = examples::refund_order())]
pub(crate) struct RefundBody {
    /// The units to refund. Default: all that are left.
    #[serde(default)]
    #[schemars(length(max = LINES_MAX))]
    lines: Option<Vec<RefundLine>>,
    #[serde(default)]
    #[schemars(length(max = REASON_CHARS_MAX), regex(pattern = words::TEXT))]
    reason: Option<String>,
    /// For admins only: what happens to goods that were shipped. Default: AWAITED.
    #[serde(default)]
    #[schemars(with = "Option<words::GoodsWord>")]
    goods: Option<Goods>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RefundLine")]
struct RefundLine {
    #[schemars(range(min = 1))]
    product_id: i64,
    #[schemars(range(min = 1, max = QUANTITY_MAX))]
    quantity: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ApproveRefund", example = examples::approve_refund())]
pub(crate) struct ApproveBody {
    /// What happens to the goods. Default: AWAITED.
    #[serde(default)]
    #[schemars(with = "Option<words::GoodsWord>")]
    goods: Option<Goods>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RejectRefund", example = examples::reject_refund())]
pub(crate) struct RejectBody {
    /// Sent to the customer with the notice.
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "TakeInRefund", example = examples::arrived_refund())]
pub(crate) struct ArrivedBody {
    /// The units that arrived. Default: all that are awaited.
    #[serde(default)]
    #[schemars(length(max = LINES_MAX))]
    lines: Option<Vec<RefundLine>>,
    /// Whether the units are lost or worthless, and not put on sale again. Default: `false`.
    #[serde(default)]
    write_off: bool,
    /// Written to the trail.
    #[serde(default)]
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: Option<String>,
}

/// `POST /api/orders/{n}/refund`: some units of the order, or all that are left.
pub(crate) async fn refund(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<RefundBody>,
) -> Result<Response, Problem> {
    let RefundBody { lines, reason, goods } = &submission.body;
    let mut violations = Violations::default();
    let lines = check_lines(lines.as_deref(), &mut violations);
    let reason = reason.as_deref().unwrap_or("");
    if reason.chars().count() > REASON_CHARS_MAX {
        violations.push("#/reason", "length", values::CHARACTERS_MAX.with(REASON_CHARS_MAX));
    }
    check_text("#/reason", reason, &mut violations);
    let by_shop = match submission.whose {
        Whose::Anybodys => Some(goods.unwrap_or(Goods::Awaited)),
        Whose::Own(_) => None,
    };
    if goods.is_some() && by_shop.is_none() {
        violations.push("#/goods", "forbidden", values::GOODS_FOR_ADMINS);
    }
    violations.into_result()?;
    let note = note_of(reason);
    let order = submission.whose.order(&shop, &number).await?.id();
    let wanted = RefundWanted { order, lines, note, by_shop };
    submit(&shop, order, Command::RefundOrder(Box::new(wanted)), submission).await
}

/// `POST /api/admin/orders/{n}/refund/approve`: refunds the money.
pub(crate) async fn approve(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<ApproveBody>,
) -> Result<Response, Problem> {
    let order = submission.whose.order(&shop, &number).await?.id();
    let decision = RefundDecision::Approve { goods: submission.body.goods.unwrap_or(Goods::Awaited) };
    submit(&shop, order, Command::DecideRefund { order, decision }, submission).await
}

/// `POST /api/admin/orders/{n}/refund/reject`: the order gets back the status it had before the request.
pub(crate) async fn reject(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<RejectBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let note: Arc<str> = check_reason(&submission.body.reason, &mut violations);
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?.id();
    let decision = RefundDecision::Reject { note };
    submit(&shop, order, Command::DecideRefund { order, decision }, submission).await
}

/// `POST /api/admin/orders/{n}/refund/arrived`: refunded goods have arrived, or are written off.
pub(crate) async fn arrived(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<ArrivedBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let lines = check_lines(submission.body.lines.as_deref(), &mut violations);
    if let Some(reason) = submission.body.reason.as_deref() {
        check_reason(reason, &mut violations);
    }
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?.id();
    let is_written_off = submission.body.write_off;
    submit(&shop, order, Command::TakeInGoods { order, lines, is_written_off }, submission).await
}

/// Submits the command and waits for the refund as long as `Prefer: wait` says, unless the shop has to decide first.
async fn submit<T>(
    shop: &Shop,
    order: OrderId,
    command: Command,
    submission: Submission<T>,
) -> Result<Response, Problem> {
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    reply.result.map_err(|refusal| problem(&refusal))?;
    if let Some(wait) = submission.prefer.wait {
        let look = || shop.submitter.views.order(order);
        let is_over = |order: &Order| order.status != Status::RefundRequested || order.refund_asked().is_some();
        let awaited = shop.submitter.waiting.until(Subject::Order(order), Known::Nothing, wait, look, is_over);
        awaited.await.map_err(unavailable)?;
    }
    let order = shop.submitter.views.order(order).await.map_err(unavailable)?.ok_or_else(order_not_found)?;
    let mut response = Json(render::order(shop, &order).await?).into_response();
    applied(&mut response, submission.prefer);
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

fn check_lines(lines: Option<&[RefundLine]>, violations: &mut Violations) -> Vec<(ProductId, i64)> {
    if lines.is_some_and(|lines| lines.is_empty() || lines.len() > LINES_MAX) {
        violations.push("#/lines", "out_of_range", values::LINES_OR_NONE.with(LINES_MAX));
    }
    let lines = lines.unwrap_or_default();
    for (place, line) in lines.iter().enumerate() {
        if !(1..=QUANTITY_MAX).contains(&line.quantity) {
            let detail = values::FROM_TO.with(1).with(QUANTITY_MAX);
            violations.push(format!("#/lines/{place}/quantity"), "out_of_range", detail);
        }
    }
    lines.iter().map(|line| (ProductId(line.product_id), line.quantity)).collect()
}
