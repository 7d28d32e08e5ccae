//! Payment endpoints for operators: list, retry or resolve a stuck refund or void.

use std::sync::LazyLock;

use app::commands::Command;
use app::commands::answer::Answer;
use app::events::event::GiveBack;
use app::events::wire_time;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::{OrderId, UserId};
use domain::payment::{self, Payment, Resolution};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::api::Shop;
use crate::api::request::checks::{check_reason, check_reference};
use crate::api::request::pages::PageQuery;
use crate::api::request::submission::Empty;
use crate::api::request::submission::Submission;
use crate::api::response::refusals::unavailable;
use crate::api::response::refusals::{payment_not_found, problem};
use crate::api::response::render::Page;
use crate::api::response::replies::mark_replayed;
use crate::api::response::{examples, shapes};
use crate::http::cursor::List;
use crate::http::json::Json;
use crate::http::path::{self, Name};
use crate::http::query::Query;
use crate::http::{Problem, Violations};
use crate::openapi::words;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PaymentsQuery {
    /// Only payments in this state. `STUCK` selects those that wait for an operator.
    #[serde(default)]
    #[schemars(with = "Option<words::PaymentStateWord>")]
    state: Option<StateName>,
}

/// A payment's state by its name.
#[derive(Clone, Copy, Debug)]
struct StateName(payment::State);

impl<'de> Deserialize<'de> for StateName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StateName, D::Error> {
        static NAMES: LazyLock<Vec<&'static str>> =
            LazyLock::new(|| payment::State::ALL.iter().map(|state| state.name()).collect());
        let name = String::deserialize(deserializer)?;
        payment::State::from_name(&name).map(StateName).ok_or_else(|| D::Error::unknown_variant("", &NAMES))
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ResolvePayment", example = examples::resolve_payment())]
pub(crate) struct ResolveBody {
    #[schemars(length(max = shapes::ADMIN_REASON_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reason: String,
    /// The number of a bank transfer, or of a case at the provider.
    #[schemars(length(max = shapes::REFERENCE_CHARS_MAX), regex(pattern = words::TEXT_NOT_BLANK))]
    reference: String,
}

/// An order's payment, with the amount owed to its customer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdminPayment", example = examples::any_payment())]
pub(crate) struct PaymentBody {
    payment_id: String,
    order_number: String,
    user_id: i64,
    #[schemars(with = "words::PaymentStateWord")]
    state: &'static str,
    /// How money is being returned. Absent if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::GiveBackWord>")]
    operation: Option<&'static str>,
    /// The amount of `operation`; without one, the amount of the payment.
    amount: i64,
    captured: i64,
    refunded: i64,
    /// The amount that operators returned without the provider.
    resolved: i64,
    /// The whole amount still to be returned, including what waits for `operation` to end.
    owed: i64,
    /// How often the provider declined the operation.
    tries: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// When the customer was first owed money; if nothing is owed, when the payment last changed.
    #[schemars(with = "words::Moment")]
    since: String,
    /// When the provider is called next. Absent if no call is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    next_attempt_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<ResolutionBody>,
}

/// How an operator last resolved a stuck operation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentResolution")]
struct ResolutionBody {
    /// The operator's user id.
    by: i64,
    #[schemars(with = "words::Moment")]
    at: String,
    reason: String,
    reference: String,
}

/// A payment and its order's customer.
struct Owned {
    payment: Payment,
    user: UserId,
}

fn body(shop: &Shop, Owned { payment, user }: &Owned) -> PaymentBody {
    let operation = payment.giving_back();
    let amount = operation.map_or(payment.amount, |operation| payment.amount_of(operation));
    let resolution = |Resolution { by, at, reason, reference }: &Resolution| ResolutionBody {
        by: by.0,
        at: wire_time::format(*at),
        reason: reason.to_string(),
        reference: reference.to_string(),
    };
    PaymentBody {
        payment_id: shop.submitter.codec.payment(payment.order).to_string(),
        order_number: shop.submitter.codec.order(payment.order).to_string(),
        user_id: user.0,
        state: payment.state.name(),
        operation: operation.and_then(GiveBack::of).map(GiveBack::name),
        amount: amount.amount(),
        captured: payment.captured.amount(),
        refunded: payment.refunded.amount(),
        resolved: payment.resolved.amount(),
        owed: payment.owes().amount(),
        tries: payment.declines,
        last_error: payment.last_error.as_deref().or(payment.refusal.as_deref()).map(str::to_owned),
        since: wire_time::format(payment.owed_since.unwrap_or(payment.updated_at)),
        next_attempt_at: payment.next.and_then(|next| next.due).map(wire_time::format),
        resolution: payment.resolution.as_ref().map(resolution),
    }
}

async fn owned(shop: &Shop, payment: Payment) -> Result<Owned, Problem> {
    let order = shop.submitter.views.order(payment.order).await.map_err(unavailable)?;
    let user = order.ok_or_else(payment_not_found)?.user();
    Ok(Owned { payment, user })
}

/// `GET /api/admin/payments`: those of the newest orders first.
pub(crate) async fn list(
    State(shop): State<Shop>,
    Query(which): Query<PaymentsQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<PaymentBody>>, Problem> {
    let state = which.state.map(|StateName(state)| state);
    let filter = state.map_or("", payment::State::name);
    let page = query.page(&shop, List { name: "admin/payments", owner: None, filter })?;
    let payments = shop.submitter.views.payments(state, page.after.map(OrderId), page.fetch());
    let mut rows = vec![];
    for payment in payments.await.map_err(unavailable)? {
        rows.push(owned(&shop, payment).await?);
    }
    Ok(Json(page.of(rows, |owned| owned.payment.order.0, |row| body(&shop, row))))
}

/// `GET /api/admin/payments/{paymentId}`.
pub(crate) async fn get(
    State(shop): State<Shop>,
    Name(id, _): Name<path::Payment>,
) -> Result<Json<PaymentBody>, Problem> {
    let payment = known(&shop, &id).await?;
    let payment = owned(&shop, payment).await?;
    Ok(Json(body(&shop, &payment)))
}

/// `POST /api/admin/payments/{paymentId}/retry`: retries a stuck refund or void.
pub(crate) async fn retry(
    State(shop): State<Shop>,
    Name(id, _): Name<path::Payment>,
    submission: Submission<Empty>,
) -> Result<Response, Problem> {
    let order = known(&shop, &id).await?.order;
    let command = Command::RetryStuckPayment { order, by: submission.user() };
    change(&shop, command, submission.idempotency).await
}

/// `POST /api/admin/payments/{paymentId}/resolve`: records that the money was returned without the provider.
pub(crate) async fn resolve(
    State(shop): State<Shop>,
    Name(id, _): Name<path::Payment>,
    submission: Submission<ResolveBody>,
) -> Result<Response, Problem> {
    let mut violations = Violations::default();
    let reason = check_reason(&submission.body.reason, &mut violations);
    let reference = check_reference(&submission.body.reference, &mut violations);
    violations.into_result()?;
    let order = known(&shop, &id).await?.order;
    let command = Command::ResolveStuckPayment { order, by: submission.user(), reason, reference };
    change(&shop, command, submission.idempotency).await
}

async fn known(shop: &Shop, id: &str) -> Result<Payment, Problem> {
    let order = shop.submitter.codec.payment_order(id).ok_or_else(payment_not_found)?;
    shop.submitter.views.payment(order).await.map_err(unavailable)?.ok_or_else(payment_not_found)
}

async fn change(
    shop: &Shop,
    command: Command,
    idempotency: Option<app::commands::Idempotency>,
) -> Result<Response, Problem> {
    let reply = shop.submitter.submit(command, idempotency).await;
    let answer = reply.result.map_err(|refusal| problem(&refusal))?;
    let Answer::PaymentChanged { order } = answer else { return Err(payment_not_found()) };
    let payment = shop.submitter.views.payment(order).await.map_err(unavailable)?.ok_or_else(payment_not_found)?;
    let payment = owned(shop, payment).await?;
    let mut response = Json(body(shop, &payment)).into_response();
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}
