//! Orders that are claimed: paid, sent, refunded (O-28, O-30, P-03, P-06).

pub(crate) mod refunds;
pub(crate) mod shipments;

use std::time::Duration;

use app::commands::answer::{Answer, Refusal};
use app::commands::{Command, ProcessOrder};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::OrderId;
use domain::money::Money;
use domain::order::{Order, Outcome, Receiver, Status};
use domain::payment::{Method, Payment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::orders::{applied, check_receiver};
use super::request::submission::Submission;
use super::response::refusals::{not_payable, order_not_found, problem};
use super::response::{examples, render, shapes};
use super::{Shop, unavailable};
use crate::api::texts::{details, orders};
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::path::{self, Name};
use crate::http::{Code, Problem, Violations};
use crate::live::waiting::{Known, Subject};
use crate::openapi::words;
use crate::runtime::estimates::{self, PAYMENT_UNTIL_MEASURED};

/// How long a payment is waited for when the request does not say.
const PAYMENT_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PayOrder", example = examples::pay_order())]
pub(crate) struct PayBody {
    #[schemars(with = "words::MethodWord")]
    method: Method,
    /// The amount that the customer was shown; another amount due is refused.
    #[serde(default)]
    #[schemars(range(min = 0))]
    paid_amount: Option<i64>,
}

/// `paymentRequest` is another name of `payment`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ProcessOrder", example = examples::process_order())]
pub(crate) struct ProcessBody {
    /// How what is due is paid; GENERAL unless told.
    #[serde(default, alias = "paymentRequest")]
    payment: Option<PayBody>,
    /// Where the goods go, unless the order says it or the warehouse keeps them.
    #[serde(default)]
    #[schemars(with = "Option<shapes::Receiver>")]
    receiver: Option<Receiver>,
    #[serde(default)]
    warehouse_storage: Option<bool>,
}

/// COMPLETED is paid; PROCESSING is on its way, and the order's status tells what comes of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentState", example = examples::payment())]
pub(crate) struct PaymentBody {
    payment_id: String,
    #[schemars(with = "shapes::PaymentWord")]
    status: &'static str,
}

/// The order is being paid and sent.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Processing", example = examples::processing())]
pub(crate) struct ProcessingBody {
    order_id: String,
    #[schemars(with = "shapes::ProcessingWord")]
    status: &'static str,
    message: &'static str,
    /// Expected time until the order is paid: an ISO 8601 duration in whole seconds, measured on the latest payments, and not before
    /// a failing payment provider is tried again. PT1M before any payment was measured.
    estimated_processing_time: String,
    websocket_topic: String,
    status_check_url: String,
}

/// `POST /api/orders/{n}/pay`: waits for what comes of it.
pub(crate) async fn pay(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    submission: Submission<PayBody>,
) -> Result<Response, Problem> {
    let order = submission.whose.order(&shop, &number).await?;
    let PayBody { method, paid_amount } = submission.body;
    let command = Command::Pay { order: order.id(), method, amount_shown: paid_amount.map(Money::won) };
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let started = match reply.result {
        Ok(started) => started,
        Err(refusal) => return Err(refused(&shop, &order, &refusal).await),
    };
    let Answer::PaymentStarted { order, payment, attempt } = started else {
        unreachable!("paying is answered with the payment");
    };
    let wait = submission.prefer.wait.unwrap_or(PAYMENT_WAIT);
    let body = |status| Json(PaymentBody { payment_id: payment.to_string(), status });
    let mut response = match end_of(&shop, (order, attempt), wait).await? {
        Some(ended) => {
            what_came_of(&shop, &ended, attempt).await?;
            (StatusCode::OK, body("COMPLETED")).into_response()
        }
        None => {
            let estimate = shop.estimates.of_payment().await;
            super::accepted(PaymentBody { payment_id: payment.to_string(), status: "PROCESSING" }, estimate)
        }
    };
    applied(&mut response, submission.prefer);
    super::mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// The problem of a refusal; with the estimate as `Retry-After` where the refusal ends by itself.
async fn refused(shop: &Shop, order: &Order, refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other refusal ends by itself in a time that is measured")]
    let estimate = match refusal {
        Refusal::PaymentNotYetDue => {
            let at = shop.estimates.completion(order, None).await.ok().flatten();
            at.map(|at| at - shop.submitter.clock.now())
        }
        Refusal::PaymentInProgress => shop.estimates.of_payment().await,
        _ => None,
    };
    let problem = problem(refusal);
    match estimate {
        Some(estimate) => problem.after(estimates::seconds(estimate)),
        None => problem,
    }
}

/// The payment, as soon as the attempt has come to an end, or its order has.
async fn end_of(shop: &Shop, (order, attempt): (OrderId, i64), wait: Duration) -> Result<Option<Payment>, Problem> {
    let look = || shop.submitter.views.payment(order);
    let is_over = |payment: &Payment| payment.attempt != attempt || !payment.is_under_way() || !payment.is_wanted;
    shop.submitter
        .waiting
        .until((Subject::Order(order), Known::Nothing), wait, look, is_over)
        .await
        .map_err(unavailable)
}

/// Whether the attempt paid for its order; the same whenever it is asked, because each attempt ends once. An order that came to
/// nothing is never said to be payable.
async fn what_came_of(shop: &Shop, payment: &Payment, attempt: i64) -> Result<(), Problem> {
    let order = shop.submitter.views.order(payment.order).await.map_err(unavailable)?.ok_or_else(order_not_found)?;
    match order.outcome {
        Outcome::Completed if payment.attempt == attempt => Ok(()),
        Outcome::Completed => Err(Problem::new(Code::PaymentDeclined, details::PAYMENT_PAID_LATER).for_good()),
        Outcome::Cancelled | Outcome::Compensating | Outcome::CompensationStuck => Err(not_payable()),
        Outcome::Pending | Outcome::AwaitingPayment if payment.attempt != attempt => {
            Err(Problem::new(Code::PaymentDeclined, details::PAYMENT_BEGUN_AGAIN).for_good())
        }
        Outcome::Pending | Outcome::AwaitingPayment => {
            let detail = match payment.refusal.as_deref() {
                Some(why) => details::PAYMENT_DECLINED.with(why),
                None => details::PAYMENT_DECLINED.with_text(details::PAYMENT_TAKEN_BACK),
            };
            Err(Problem::new(Code::PaymentDeclined, detail))
        }
    }
}

/// `POST /api/orders/{n}/process-payment-shipment`: payment, shipment, warehouse and status, all or nothing.
pub(crate) async fn process(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    language: Language,
    submission: Submission<ProcessBody>,
) -> Result<Response, Problem> {
    let ProcessBody { payment, receiver, warehouse_storage } = &submission.body;
    let mut violations = Violations::default();
    if let Some(receiver) = receiver {
        check_receiver(receiver, &mut violations);
    }
    violations.into_result()?;
    let order = submission.whose.order(&shop, &number).await?;
    let shown = payment.as_ref().and_then(|payment| payment.paid_amount);
    check_amount(&order, shown)?;
    let command = Command::ProcessOrder(Box::new(ProcessOrder {
        order: order.id(),
        method: payment.as_ref().map(|payment| payment.method),
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
        super::mark_replayed(&mut response, reply.replayed);
        return Ok(response);
    }
    let number = &order.created.number;
    let is_paid_now = order.outcome == Outcome::AwaitingPayment;
    let estimate =
        if is_paid_now { shop.estimates.of_payment().await } else { shop.estimates.of_sending(&order).await };
    let body = ProcessingBody {
        order_id: number.to_string(),
        status: "PROCESSING",
        message: if is_paid_now { orders::PROCESSING } else { orders::SENDING }.of(language),
        estimated_processing_time: estimates::iso(estimate.unwrap_or(PAYMENT_UNTIL_MEASURED)),
        websocket_topic: format!("/topic/order/{number}"),
        status_check_url: format!("/api/orders/{number}/status"),
    };
    let accepted = super::accepted(body, estimate);
    let mut response = (language.headers(), accepted).into_response();
    applied(&mut response, submission.prefer);
    super::mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// The order, as soon as it is paid and its goods go where they are to go. `Err`: its payment was refused.
async fn processed(shop: &Shop, id: OrderId, wait: Duration) -> Result<Option<Order>, Problem> {
    let look = || shop.submitter.views.order(id);
    let is_over = |order: &Order| {
        let waits_for_goods = order.outcome == Outcome::Completed && order.status == Status::PaymentCompleted;
        !order.is_processing && !waits_for_goods && order.outcome != Outcome::Pending
    };
    let subject = (Subject::Order(id), Known::Nothing);
    let found = shop.submitter.waiting.until(subject, wait, look, is_over).await.map_err(unavailable)?;
    if found.as_ref().is_some_and(|order| order.outcome != Outcome::Completed)
        && let Some(payment) = shop.submitter.views.payment(id).await.map_err(unavailable)?
    {
        what_came_of(shop, &payment, payment.attempt).await?;
    }
    Ok(found)
}

/// What is due never changes, so it may be compared before the command is decided.
fn check_amount(order: &Order, shown: Option<i64>) -> Result<(), Problem> {
    let due = order.created.due;
    match shown {
        Some(shown) if Money::won(shown) != due => {
            let refusal = Refusal::PaymentAmountMismatch { due };
            Err(problem(&refusal).at("#/payment/paidAmount"))
        }
        Some(_) | None => Ok(()),
    }
}
