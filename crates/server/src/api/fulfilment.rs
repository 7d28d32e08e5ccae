//! Fulfilment endpoints: payment, shipment, refund (O-28, O-30, P-03, P-06).

pub(crate) mod paying;
pub(crate) mod refunds;
pub(crate) mod shipments;

use std::time::Duration;

use app::commands::answer::Refusal;
use app::commands::{Command, ProcessOrder};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::OrderId;
use domain::money::Money;
use domain::order::{Order, Outcome, Receiver, Status};
use domain::payment::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use paying::{refused, what_came_of};

use super::Shop;
use super::request::submission::Submission;
use super::response::refusals::problem;
use super::response::{examples, render, shapes};
use crate::api::request::checks::check_receiver;
use crate::api::response::refusals::unavailable;
use crate::api::response::replies::{accepted, applied, mark_replayed};
use crate::api::texts::{orders, values};
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::path::{self, Name};
use crate::http::{Problem, Violations};
use crate::live::waiting::{Known, Subject};
use crate::openapi::words;
use crate::runtime::estimates::{self, PAYMENT_UNTIL_MEASURED};

/// How the amount due is paid.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ProcessPayment")]
pub(crate) struct ProcessPaymentBody {
    #[schemars(with = "words::MethodWord")]
    method: Method,
    /// The amount that the customer was shown. Refused if another amount is due.
    #[serde(default)]
    #[schemars(range(min = 0))]
    paid_amount: Option<i64>,
}

/// How to pay for and ship an order. `paymentRequest` is accepted as another name of `payment`; send one of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ProcessOrder", example = examples::process_order())]
pub(crate) struct ProcessBody {
    /// How the amount due is paid. Default: the method GENERAL.
    #[serde(default)]
    payment: Option<ProcessPaymentBody>,
    #[serde(default)]
    #[schemars(skip)]
    payment_request: Option<ProcessPaymentBody>,
    /// The receiver of the goods. Required unless the order names one or the warehouse stores the goods.
    #[serde(default)]
    #[schemars(with = "Option<shapes::Receiver>")]
    receiver: Option<Receiver>,
    /// `true` to store the goods in the warehouse instead of shipping them. Default: as the order says.
    #[serde(default)]
    warehouse_storage: Option<bool>,
}

impl ProcessBody {
    /// Returns how to pay, and the name that the client used for it: problems point to that one.
    fn payment(&self, violations: &mut Violations) -> (Option<&ProcessPaymentBody>, &'static str) {
        match (&self.payment, &self.payment_request) {
            (payment, None) => (payment.as_ref(), "payment"),
            (None, request) => (request.as_ref(), "paymentRequest"),
            (Some(payment), Some(_)) => {
                violations.push("#/paymentRequest", "conflict", values::ONE_PAYMENT);
                (Some(payment), "payment")
            }
        }
    }
}

/// The order is being paid for and shipped.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Processing", example = examples::processing())]
pub(crate) struct ProcessingBody {
    order_id: String,
    #[schemars(with = "shapes::ProcessingWord")]
    status: &'static str,
    message: &'static str,
    /// The expected time until the order is paid: an ISO 8601 duration in whole seconds, estimated from the latest payments, and not
    /// before the next retry of a failing payment provider. PT1M until a payment was measured.
    estimated_processing_time: String,
    /// The topic to subscribe to at `GET /api/ws`.
    websocket_topic: String,
    /// The path of the order's status, for polling.
    status_check_url: String,
}

/// `POST /api/orders/{n}/process-payment-shipment`: payment, shipment, warehouse and status, all or nothing.
pub(crate) async fn process(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    language: Language,
    submission: Submission<ProcessBody>,
) -> Result<Response, Problem> {
    let ProcessBody { receiver, warehouse_storage, .. } = &submission.body;
    let mut violations = Violations::default();
    let (payment, name) = submission.body.payment(&mut violations);
    if let Some(receiver) = receiver {
        check_receiver(receiver, &mut violations);
    }
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?;
    let shown = payment.and_then(|payment| payment.paid_amount);
    check_amount(&order, shown).map_err(|problem| problem.at(format!("#/{name}/paidAmount")))?;
    let command = Command::ProcessOrder(Box::new(ProcessOrder {
        order: order.id(),
        method: payment.map(|payment| payment.method),
        receiver: receiver.clone(),
        warehouse_storage: *warehouse_storage,
    }));
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    if let Err(refusal) = reply.result {
        return Err(refused(&shop, &order, &refusal).await);
    }
    if let Some(wait) = submission.prefer.wait
        && let Some(processed) = processed(&shop, order.id(), wait).await?
    {
        let mut response = Json(render::order(&shop, &processed).await?).into_response();
        applied(&mut response, submission.prefer);
        mark_replayed(&mut response, reply.replayed);
        return Ok(response);
    }
    let number = &order.created.number;
    let is_paid_now = order.outcome == Outcome::AwaitingPayment;
    let is_sent = !matches!(order.status, Status::PaymentCompleted | Status::Preparing | Status::InWarehouse);
    let (message, estimate) = if is_paid_now {
        (orders::PROCESSING, shop.estimates.of_payment().await)
    } else if is_sent {
        let message = if order.status == Status::Completed { orders::FULFILLED } else { orders::ON_THE_WAY };
        (message, Some(Duration::ZERO))
    } else {
        (orders::SENDING, shop.estimates.of_sending(&order).await)
    };
    let body = ProcessingBody {
        order_id: number.to_string(),
        status: "PROCESSING",
        message: message.of(language),
        estimated_processing_time: estimates::iso(estimate.unwrap_or(PAYMENT_UNTIL_MEASURED)),
        websocket_topic: format!("/topic/order/{number}"),
        status_check_url: format!("/api/orders/{number}/status"),
    };
    let accepted = accepted(body, estimate);
    let mut response = (language.headers(), accepted).into_response();
    applied(&mut response, submission.prefer);
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// Waits until the order is paid and its goods are being shipped or stored; `None` if that is not known in time.
///
/// # Errors
/// `payment.declined` if the payment was declined.
async fn processed(shop: &Shop, id: OrderId, wait: Duration) -> Result<Option<Order>, Problem> {
    let look = || shop.submitter.views.order(id);
    let is_over = |order: &Order| {
        let waits_for_goods = order.outcome == Outcome::Completed && order.status == Status::PaymentCompleted;
        !order.is_processing && !waits_for_goods && order.outcome != Outcome::Pending
    };
    let found = shop
        .submitter
        .waiting
        .until(Subject::Order(id), Known::Nothing, wait, look, is_over)
        .await
        .map_err(unavailable)?;
    if found.as_ref().is_some_and(|order| order.outcome != Outcome::Completed)
        && let Some(payment) = shop.submitter.views.payment(id).await.map_err(unavailable)?
    {
        what_came_of(shop, &payment, payment.attempt).await?;
    }
    Ok(found)
}

/// Compares the shown amount with the amount due, which never changes; so it can be compared before the command is decided.
fn check_amount(order: &Order, shown: Option<i64>) -> Result<(), Problem> {
    let due = order.created.due;
    match shown {
        Some(shown) if Money::won(shown) != due => Err(problem(&Refusal::PaymentAmountMismatch { due })),
        Some(_) | None => Ok(()),
    }
}
