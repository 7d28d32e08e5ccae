//! The status of an order: its progress by completed steps, and the estimated completion (O-36, O-43, O-49, T15).

use app::events::wire_time;
use app::ports::StoreError;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::order::saga::StepState;
use domain::order::{Order, Outcome, Payment, Status};
use domain::payment::Payment as Paid;
use domain::reason::Reason;
use domain::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::owner::Whose;
use crate::api::response::examples;
use crate::api::response::refusals::unavailable;
use crate::api::{Shop, texts};
use crate::http::Problem;
use crate::http::json::Json;
use crate::http::language::Language;
use crate::http::path::{self, Name};
use crate::openapi::words;

/// The least progress, in percent, of an order that is still being compensated; 0 is a cancelled order.
const NOT_YET_CANCELLED: u8 = 1;

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
    /// In the language of `Accept-Language`.
    status_description: &'static str,
    /// 0 to 100 percent of the life cycle. While the order is being compensated, it falls as claims are released; 0 is a
    /// cancelled order.
    progress_percentage: u8,
    /// Whether the order can be cancelled now.
    can_cancel: bool,
    #[schemars(with = "words::Moment")]
    last_updated: String,
    /// The payment deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    pay_before: Option<String>,
    /// Absent until a payment is started, and for an order that is not prepaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentBody>,
    /// The expected end of the claiming, compensation or payment in progress: estimated from the latest ones, not before the next
    /// retry of a failing participant or payment provider, and never in the past. Absent while the order waits for a person, and
    /// for an overdue payment if this process does not call the provider itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Moment>")]
    estimated_completion: Option<String>,
}

/// The payment of the order. PENDING is in progress; REQUIRES_ACTION waits for the customer at the provider; FAILED can be tried again until `payBefore`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentOfOrder")]
struct PaymentBody {
    payment_id: String,
    #[schemars(with = "words::PaymentStatusWord")]
    status: &'static str,
    /// The provider's code for the failure.
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
    let payment = payment(&shop, &order).await.map_err(unavailable)?;
    let estimate = shop.estimates.completion(&order, payment.as_ref()).await.map_err(unavailable)?;
    let shown = payment.as_ref().map(|payment| payment_body(&shop, payment));
    let description = texts::orders::of_order(&order, payment.as_ref()).of(language);
    Ok((language.headers(), Json(body(&order, shown, estimate, description))).into_response())
}

/// Reads the order's payment, unless the order cannot have one yet.
async fn payment(shop: &Shop, order: &Order) -> Result<Option<Paid>, StoreError> {
    if !order.is_prepaid() || order.outcome == Outcome::Pending {
        return Ok(None);
    }
    shop.submitter.views.payment(order.id()).await
}

fn payment_body(shop: &Shop, payment: &Paid) -> PaymentBody {
    PaymentBody {
        payment_id: shop.submitter.codec.payment(payment.order).to_string(),
        status: payment.state.shown(),
        code: payment.refusal.as_deref().map(str::to_owned),
    }
}

fn body(
    order: &Order,
    payment: Option<PaymentBody>,
    estimate: Option<Timestamp>,
    description: &'static str,
) -> StatusBody {
    StatusBody {
        order_id: order.created.number.to_string(),
        outcome: order.outcome.name(),
        reason: order.reason.map(Reason::code),
        status: order.status.name(),
        status_description: description,
        progress_percentage: progress(order),
        can_cancel: order.is_cancellable(),
        last_updated: wire_time::format(order.updated_at),
        pay_before: order.pay_before.map(wire_time::format),
        payment,
        estimated_completion: estimate.map(wire_time::format),
    }
}

/// Returns the progress in percent. During compensation: the share of the reached progress that is still held.
fn progress(order: &Order) -> u8 {
    // A refund request that waits for the shop does not change the progress.
    let here = order.refund_asked().map_or(order.status, |asked| asked.before);
    let count = |states: &[StepState]| order.saga.steps.iter().filter(|record| states.contains(&record.state)).count();
    let held = match order.outcome {
        // A requested step may have been claimed.
        Outcome::Compensating | Outcome::CompensationStuck => count(&[StepState::Completed, StepState::Requested]),
        Outcome::Pending | Outcome::AwaitingPayment | Outcome::Completed | Outcome::Cancelled => {
            count(&[StepState::Completed])
        }
    };
    let way = Way { here, next: once_claimed(order) };
    progress_of(order.outcome, way, held, order.saga.steps.len())
}

/// The way from an order's status to the next one.
#[derive(Clone, Copy, Debug)]
struct Way {
    here: Status,
    next: Status,
}

/// Interpolates between the progress of two statuses by the share of held steps. Compensation ends at 0, as cancelled.
fn progress_of(outcome: Outcome, Way { here, next }: Way, held: usize, steps: usize) -> u8 {
    let part = |way: u8| u8::try_from(usize::from(way) * held / steps.max(1)).unwrap_or(0);
    let came_to = if here == Status::Created { next.progress() } else { here.progress() };
    match outcome {
        Outcome::Compensating | Outcome::CompensationStuck => part(came_to).max(NOT_YET_CANCELLED),
        Outcome::Pending | Outcome::AwaitingPayment | Outcome::Completed | Outcome::Cancelled => {
            here.progress() + part(came_to.saturating_sub(here.progress()))
        }
    }
}

fn once_claimed(order: &Order) -> Status {
    match order.created.payment {
        _ if order.created.due.is_zero() => Status::PaymentCompleted,
        Payment::OnDelivery => Status::Preparing,
        Payment::Prepaid => Status::PendingPayment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: usize = 3;

    fn ways() -> impl Iterator<Item = Way> {
        let nexts = [Status::PendingPayment, Status::PaymentCompleted, Status::Preparing];
        Status::ALL.into_iter().flat_map(move |here| nexts.map(|next| Way { here, next }))
    }

    #[test]
    fn progress_rises_with_held_steps_and_falls_with_released_ones() {
        for (outcome, way) in Outcome::ALL.into_iter().flat_map(|outcome| ways().map(move |way| (outcome, way))) {
            let by_held = [0, 1, 2, 3].map(|held| progress_of(outcome, way, held, STEPS));
            let (here, next) = (way.here.progress(), way.next.progress());
            let is_back = matches!(outcome, Outcome::Compensating | Outcome::CompensationStuck);
            let most = if way.here == Status::Created { next } else { here };
            let least = if is_back { NOT_YET_CANCELLED } else { here };
            assert_eq!((by_held[0], by_held[3]), (least, most.max(least)), "{outcome:?}, {way:?}");
            assert!(by_held.is_sorted(), "{outcome:?}, {way:?}: {by_held:?}");
            let differs = by_held[1] != by_held[2];
            let moves = if is_back { most > 0 } else { way.here == Status::Created };
            assert_eq!(differs, moves, "{outcome:?}, {way:?}: {by_held:?}");
        }
    }

    /// T12: an order that waits for an operator shows the progress of its compensation, not that of a new order.
    #[test]
    fn a_stuck_order_shows_the_progress_at_which_its_compensation_stopped() {
        for (way, held) in ways().flat_map(|way| (0..=STEPS).map(move |held| (way, held))) {
            let (stuck, going) = (Outcome::CompensationStuck, Outcome::Compensating);
            assert_eq!(progress_of(stuck, way, held, STEPS), progress_of(going, way, held, STEPS), "{way:?}, {held:?}");
            assert!(progress_of(stuck, way, held, STEPS) > Status::Cancelled.progress());
        }
        let way = Way { here: Status::Created, next: Status::PendingPayment };
        let of_three = |held| progress_of(Outcome::CompensationStuck, way, held, STEPS);
        assert_eq!([1, 2].map(of_three), [6, 13]);
    }

    #[test]
    fn an_order_without_steps_has_the_progress_of_its_status() {
        assert_eq!(
            progress_of(Outcome::Completed, Way { here: Status::InTransit, next: Status::PendingPayment }, 0, 0),
            80
        );
    }
}
