//! How an order stands: its progress by what has answered, and when it will be known (O-36, O-43, O-49, T15).

use app::ports::StoreError;
use app::wire_time;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::order::{Order, Outcome, Payment, Status};
use domain::order_saga::StepState;
use domain::reason::Reason;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::whose::Whose;
use super::{Shop, examples, unavailable};
use crate::http::Problem;
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::path::{self, Name};
use crate::openapi::words;
use crate::texts;

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrderProgress", example = examples::order_progress())]
pub(crate) struct StatusBody {
    order_id: String,
    #[schemars(with = "words::OutcomeWord")]
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::ReasonWord>")]
    reason: Option<&'static str>,
    #[schemars(with = "words::OrderStatusWord")]
    status: &'static str,
    /// In the language that was accepted.
    status_description: &'static str,
    progress_percentage: u8,
    can_cancel: bool,
    #[schemars(with = "words::Moment")]
    last_updated: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    pay_before: Option<String>,
    /// Absent while nothing was begun, and for an order that is not paid beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentBody>,
    /// When its outcome will be known, by what the latest orders took; absent where it is known, or waits for its customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    estimated_completion: Option<String>,
}

/// How its payment stands: PENDING is under way, FAILED may be tried again until `payBefore`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentOfOrder")]
struct PaymentBody {
    payment_id: String,
    #[schemars(with = "words::PaymentStatusWord")]
    status: &'static str,
    /// Why it failed, in the provider's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// `GET /api/orders/{n}/status`.
pub(crate) async fn get(
    State(shop): State<Shop>,
    whose: Whose,
    Name(number, _): Name<path::Order>,
    language: Language,
) -> Result<Response, Problem> {
    let order = whose.order(&shop, &number).await?;
    let estimate = estimate(&shop, &order).await.map_err(unavailable)?;
    let payment = payment(&shop, &order).await.map_err(unavailable)?;
    Ok((language.headers(), Json(body(&order, (payment, estimate), language))).into_response())
}

/// An order that cannot have any is not looked up for it.
async fn payment(shop: &Shop, order: &Order) -> Result<Option<PaymentBody>, StoreError> {
    if !order.is_prepaid() || order.outcome == Outcome::Pending {
        return Ok(None);
    }
    let payment = shop.front.views.payment(order.id()).await?;
    Ok(payment.map(|payment| PaymentBody {
        payment_id: shop.front.codec.payment(payment.order).to_string(),
        status: payment.state.shown(),
        code: payment.refusal.as_deref().map(str::to_owned),
    }))
}

fn body(
    order: &Order,
    (payment, estimate): (Option<PaymentBody>, Option<Timestamp>),
    language: Language,
) -> StatusBody {
    StatusBody {
        order_id: order.created.number.to_string(),
        outcome: order.outcome.name(),
        reason: order.reason.map(Reason::code),
        status: order.status.name(),
        status_description: texts::orders::of_order(order).of(language),
        progress_percentage: progress(order),
        can_cancel: order.is_cancellable(),
        last_updated: wire_time::format(order.updated_at),
        pay_before: order.pay_before.map(wire_time::format),
        payment,
        estimated_completion: estimate.map(wire_time::format),
    }
}

/// The way from one status to the next is gone by what is claimed; back again, while it is given back.
fn progress(order: &Order) -> u8 {
    // A refund that waits for the shop changes nothing of how far the goods are.
    let here = order.refund_asked().map_or(order.status, |asked| asked.before).progress();
    if order.status != Status::Created {
        return here;
    }
    let there = once_claimed(order).progress();
    let steps = order.saga.steps.len().max(1);
    let held = order.saga.steps.iter().filter(|record| record.state == StepState::Completed).count();
    let way = usize::from(there.saturating_sub(here)) * held / steps;
    here + u8::try_from(way).unwrap_or(0)
}

fn once_claimed(order: &Order) -> Status {
    match order.created.payment {
        _ if order.created.due.is_zero() => Status::PaymentCompleted,
        Payment::OnDelivery => Status::Preparing,
        Payment::Prepaid => Status::PendingPayment,
    }
}

/// Only claiming and giving back end by themselves. What is overdue by the estimate is expected any moment.
async fn estimate(shop: &Shop, order: &Order) -> Result<Option<Timestamp>, StoreError> {
    let begun = match order.outcome {
        Outcome::Pending => order.created.at,
        Outcome::Compensating => order.updated_at,
        Outcome::AwaitingPayment | Outcome::Completed | Outcome::Cancelled | Outcome::CompensationStuck => {
            return Ok(None);
        }
    };
    let took = shop.estimates.claiming(order.created.mode).await?;
    Ok(took.map(|took| (begun + took).max(shop.front.clock.now())))
}
