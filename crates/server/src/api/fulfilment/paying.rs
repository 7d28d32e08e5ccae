//! Paying for an order (O-28, P-03): with the customer's own card or account, and with an action at the provider if it asks for one.

use std::sync::Arc;
use std::time::Duration;

use app::commands::Command;
use app::commands::answer::{Answer, Refusal};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::OrderId;
use domain::money::Money;
use domain::order::{Order, Outcome};
use domain::payment::{Means, Method, Payment};
use domain::reason::Reason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::Shop;
use crate::api::request::checks::is_web_address;
use crate::api::request::site::Site;
use crate::api::request::submission::Submission;
use crate::api::response::refusals::{not_payable, order_not_found, problem, unavailable};
use crate::api::response::render::{NextActionBody, next_action};
use crate::api::response::replies::{accepted, applied, mark_replayed};
use crate::api::response::{examples, shapes};
use crate::api::texts::{details, values};
use crate::http::json::Json;
use crate::http::path::{self, Name};
use crate::http::{Code, Problem, Violations};
use crate::live::waiting::{Known, Subject};
use crate::openapi::words;
use crate::runtime::estimates;

/// How long a request waits for its payment without `Prefer: wait`.
const PAYMENT_WAIT: Duration = Duration::from_secs(10);
/// Longer than any token of a provider.
const TOKEN_CHARS_MAX: usize = 255;
const RETURN_URL_CHARS_MAX: usize = 2_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PayOrder", example = examples::pay_order())]
pub(crate) struct PayBody {
    #[schemars(with = "words::MethodWord")]
    method: Method,
    /// The provider's token of the customer's card or account; with Stripe, the id of a PaymentMethod or ConfirmationToken.
    #[serde(default)]
    #[schemars(length(min = 1, max = TOKEN_CHARS_MAX))]
    payment_token: Option<String>,
    /// The page to which the provider sends the customer after an action such as 3-D Secure.
    #[serde(default)]
    #[schemars(url, length(max = RETURN_URL_CHARS_MAX))]
    return_url: Option<String>,
    /// The amount that the customer was shown. Refused if another amount is due.
    #[serde(default)]
    #[schemars(range(min = 0))]
    paid_amount: Option<i64>,
}

/// The payment. COMPLETED: the order is paid. PROCESSING: poll the order's status for the result. REQUIRES_ACTION: send the customer to
/// `nextAction`; the order shows the result afterwards, and the same request again returns it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentState", example = examples::payment())]
pub(crate) struct PaymentBody {
    payment_id: String,
    #[schemars(with = "shapes::PaymentWord")]
    status: &'static str,
    /// Absent if only the provider's script can do the action, with `clientSecret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextActionBody>,
    /// The provider's secret of this payment for its script in the customer's browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// `POST /api/orders/{n}/pay`: starts a payment and waits for its result.
pub(crate) async fn pay(
    State(shop): State<Shop>,
    Name(number, _): Name<path::Order>,
    site: Site,
    submission: Submission<PayBody>,
) -> Result<Response, Problem> {
    let means = means(&submission.body)?;
    let order = submission.whose.order(&shop, &number).await?;
    let PayBody { method, paid_amount, .. } = submission.body;
    let queries = queries(&shop, &order).await?;
    let command = Command::Pay { order: order.id(), method, means, amount_shown: paid_amount.map(Money::won) };
    let reply = shop.submitter.submit(command, submission.idempotency).await;
    let started = match reply.result {
        Ok(started) => started,
        Err(refusal @ Refusal::PaymentAmountMismatch { .. }) => return Err(problem(&refusal).at("#/paidAmount")),
        Err(refusal) => return Err(refused(&shop, &order, &refusal).await),
    };
    let Answer::PaymentStarted { order, payment, attempt } = started else {
        unreachable!("paying is answered with the payment");
    };
    let wait = submission.prefer.wait.unwrap_or(PAYMENT_WAIT);
    let body = |status| PaymentBody { payment_id: payment.to_string(), status, next_action: None, client_secret: None };
    let mut response = match end_of(&shop, Attempt { order, attempt, queries }, wait).await? {
        Some(waiting) if waiting.attempt == attempt && waiting.requires_action() => {
            (StatusCode::ACCEPTED, Json(action_body(&waiting, &site, body("REQUIRES_ACTION")))).into_response()
        }
        Some(ended) => {
            what_came_of(&shop, &ended, attempt).await?;
            (StatusCode::OK, Json(body("COMPLETED"))).into_response()
        }
        None => {
            let estimate = shop.estimates.of_payment().await;
            accepted(body("PROCESSING"), estimate)
        }
    };
    applied(&mut response, submission.prefer);
    mark_replayed(&mut response, reply.replayed);
    Ok(response)
}

/// Returns what the customer pays with; `None` if the request names nothing of theirs.
pub(in crate::api) fn means(body: &PayBody) -> Result<Option<Arc<Means>>, Problem> {
    let PayBody { payment_token, return_url, .. } = body;
    let mut violations = Violations::default();
    if payment_token.as_ref().is_some_and(|token| !is_token(token)) {
        violations.push("#/paymentToken", "malformed", values::PAYMENT_TOKEN);
    }
    if return_url.as_ref().is_some_and(|url| url.len() > RETURN_URL_CHARS_MAX || !is_web_address(url)) {
        violations.push("#/returnUrl", "malformed", values::RETURN_URL);
    }
    violations.into_result()?;
    let text = |text: &Option<String>| text.as_deref().map(Arc::from);
    let means = Means { token: text(payment_token), return_url: text(return_url) };
    Ok((means != Means::default()).then(|| Arc::new(means)))
}

fn is_token(token: &str) -> bool {
    (1..=TOKEN_CHARS_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn action_body(payment: &Payment, site: &Site, body: PaymentBody) -> PaymentBody {
    let action = payment.action.as_deref();
    PaymentBody {
        next_action: next_action(payment, site),
        client_secret: action.and_then(|action| action.client_secret.as_deref()).map(str::to_owned),
        ..body
    }
}

/// Returns how often the provider was queried about an action that the customer has already been sent to.
async fn queries(shop: &Shop, order: &Order) -> Result<Option<i64>, Problem> {
    let payment = shop.submitter.views.payment(order.id()).await.map_err(unavailable)?;
    let waiting = payment.filter(Payment::requires_action);
    Ok(waiting.and_then(|payment| payment.next).map(|next| next.tries))
}

/// The attempt that a request waits for.
#[derive(Clone, Copy)]
struct Attempt {
    order: OrderId,
    attempt: i64,
    /// Queries about its action before the request; `None` if it waited for no action then.
    queries: Option<i64>,
}

/// Waits until the attempt or its order has ended, or the customer must act; `None` if neither happens in time.
async fn end_of(shop: &Shop, waited: Attempt, wait: Duration) -> Result<Option<Payment>, Problem> {
    let Attempt { order, attempt, queries } = waited;
    let look = || shop.submitter.views.payment(order);
    let is_over = |payment: &Payment| {
        let is_asked_again = payment.next.map(|next| next.tries) > queries;
        let is_with_customer = payment.requires_action() && (queries.is_none() || is_asked_again);
        payment.attempt != attempt || !payment.is_under_way() || !payment.is_wanted || is_with_customer
    };
    shop.submitter.waiting.until(Subject::Order(order), Known::Nothing, wait, look, is_over).await.map_err(unavailable)
}

/// Returns the problem of a refusal, with the estimate as `Retry-After` if the refusal is temporary.
pub(super) async fn refused(shop: &Shop, order: &Order, refusal: &Refusal) -> Problem {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other refusal ends after a time that is measured")]
    let estimate = match refusal {
        Refusal::PaymentNotYetDue | Refusal::PaymentInProgress => {
            let payment = shop.submitter.views.payment(order.id()).await.ok().flatten();
            let at = shop.estimates.completion(order, payment.as_ref()).await.ok().flatten();
            at.map(|at| at - shop.submitter.clock.now())
        }
        _ => None,
    };
    let problem = problem(refusal);
    match estimate {
        Some(estimate) => problem.after(estimates::seconds(estimate)),
        None => problem,
    }
}

/// Checks that the attempt paid for its order. The result never changes, because each attempt ends once.
///
/// # Errors
/// `payment.declined`, `payment_method.limit_exceeded` if a drop refused the card, or `order.not_payable` if the order was cancelled or is being compensated.
pub(super) async fn what_came_of(shop: &Shop, payment: &Payment, attempt: i64) -> Result<(), Problem> {
    let order = shop.submitter.views.order(payment.order).await.map_err(unavailable)?.ok_or_else(order_not_found)?;
    match order.outcome {
        Outcome::Completed if payment.attempt == attempt => Ok(()),
        Outcome::Completed => Err(Problem::new(Code::PaymentDeclined, details::PAYMENT_PAID_LATER).for_good()),
        Outcome::Cancelled | Outcome::Compensating | Outcome::CompensationStuck => {
            let is_refused = order.reason == Some(Reason::PaymentMethodLimitExceeded) && payment.attempt == attempt;
            let refused = || Problem::new(Code::CardLimitExceeded, details::CARD_LIMIT_EXCEEDED);
            Err(if is_refused { refused() } else { not_payable() })
        }
        Outcome::Pending | Outcome::AwaitingPayment if payment.attempt != attempt => {
            Err(Problem::new(Code::PaymentDeclined, details::PAYMENT_BEGUN_AGAIN).for_good())
        }
        Outcome::Pending | Outcome::AwaitingPayment if is_too_late(&order, shop) => {
            Err(Problem::new(Code::PaymentDeclined, details::PAYMENT_FAILED_AT_THE_END).for_good())
        }
        Outcome::Pending | Outcome::AwaitingPayment => {
            let detail = match payment.refusal.as_deref() {
                Some(why) => details::PAYMENT_DECLINED.with(why),
                None => details::PAYMENT_DECLINED.with_text(details::PAYMENT_WITHDRAWN),
            };
            Err(Problem::new(Code::PaymentDeclined, detail))
        }
    }
}

/// Returns true if no further attempt can pay for the order: it is about to be cancelled.
fn is_too_late(order: &Order, shop: &Shop) -> bool {
    order.pay_before.is_some_and(|end| end <= shop.submitter.clock.now())
}
