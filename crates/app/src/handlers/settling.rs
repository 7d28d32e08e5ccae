//! An order after it has claimed everything: what its own events mean for stock, coupon, points, money and goods.

use std::sync::Arc;

use domain::ids::OrderId;
use domain::order::settling::{self, Return};
use domain::order::{self, Order, Outcome};
use domain::payment::{Method, UNAVAILABLE};
use domain::stock;

use crate::answer::Answer;
use crate::command::ProcessOrder;
use crate::event::{Event, OrderProcessingFailed, OrderProcessingRequested, OrderReturned, OrderStatusChanged, Sold};
use crate::handlers::orders::advance;
use crate::handlers::{participants, payments, shipments};
use crate::rows::{Timer, TimerKey, TimerKind};
use crate::unit::{Handled, Step, Unit};
use domain::ids::ProductId;

/// Asks for payment and shipment in one step. Asked again, it changes nothing (O-35, T14).
pub(crate) fn process(unit: &mut Unit<'_>, wanted: &ProcessOrder) -> Handled {
    let ProcessOrder { order, method, receiver, warehouse_storage } = wanted;
    let (method, receiver, warehouse_storage) = (*method, receiver.clone(), *warehouse_storage);
    advance(unit, *order, settling::Command::Process { method, receiver, warehouse_storage })?;
    Ok(Answer::OrderChanged { order: *order })
}

/// The consumer of those requests (O-32): what is due is paid first; the goods go in the commit of the capture.
pub(crate) fn settle(unit: &mut Unit<'_>, id: OrderId, method: Option<Method>) -> Step {
    let order = unit.order(id)?.order;
    match order.outcome {
        Outcome::AwaitingPayment => {
            let is_under_way = payments::of(unit, id)?.is_some_and(|payment| payment.is_under_way());
            if is_under_way || !order.is_processing {
                unit.skip();
                return Ok(());
            }
            payments::start(unit, &order, method.unwrap_or(Method::General)).map(|_| ())
        }
        Outcome::Completed => shipments::dispatch(unit, &order),
        Outcome::Pending | Outcome::Compensating | Outcome::Cancelled | Outcome::CompensationStuck => Ok(()),
    }
}

/// Gives units of a completed order back: all of them, or some.
pub(crate) fn refund(
    unit: &mut Unit<'_>,
    id: OrderId,
    (lines, note): (&[(ProductId, i64)], &Option<Arc<str>>),
) -> Handled {
    advance(unit, id, settling::Command::Refund { lines: lines.to_vec(), note: note.clone() })?;
    let order = unit.order(id)?.order;
    let waits_for_money = order.is_prepaid() && payments::of(unit, id)?.is_some_and(|payment| payment.is_giving_back());
    if !waits_for_money {
        advance(unit, id, settling::Command::ConfirmRefund)?;
    }
    Ok(Answer::OrderChanged { order: id })
}

/// Everything is claimed and an amount is due: it is looked at again when the time to pay is over.
pub(crate) fn await_payment(unit: &mut Unit<'_>, order: &Order, pay_before: domain::time::Timestamp) {
    unit.rows.timers.put(TimerKey(order.id()), Timer { due: pay_before, kind: TimerKind::Payment });
}

/// Does what an event of the order's settling means for everybody else.
pub(crate) fn follow(unit: &mut Unit<'_>, order: &Order, event: &order::Event) -> Step {
    let (order_id, user_id) = (order.created.number.clone(), order.user());
    #[expect(clippy::wildcard_enum_match_arm, reason = "the order's other events are followed where it claims")]
    let event = match event {
        order::Event::StatusChanged { status, reason, note } => {
            let (status, reason, cancel_reason) = (*status, *reason, note.clone());
            Event::OrderStatusChanged(OrderStatusChanged { order_id, user_id, status, reason, cancel_reason })
        }
        order::Event::Returned(back) => {
            give_back(unit, order, back)?;
            Event::OrderReturned(OrderReturned {
                order_id,
                user_id,
                products: back.lines.iter().map(|(product, units)| Sold { id: *product, qty: *units }).collect(),
                refund_amount: back.money,
                points_restored: back.points,
                is_last: back.is_last,
                refund_reason: back.note.clone(),
            })
        }
        order::Event::ProcessingRequested { method, warehouse_storage, .. } => {
            Event::OrderProcessingRequested(OrderProcessingRequested {
                order_id,
                user_id,
                method: *method,
                warehouse_storage: *warehouse_storage,
                retry_count: 0,
                event_created_at: unit.now,
            })
        }
        order::Event::ProcessingFailed { code } => {
            let (code, retryable) = (code.clone(), **code == *UNAVAILABLE);
            Event::OrderProcessingFailed(OrderProcessingFailed { order_id, user_id, code, retryable })
        }
        _ => return Ok(()),
    };
    unit.publish_of(event, order)
}

/// Goods, points, coupon and money go back where they came from, in one commit.
fn give_back(unit: &mut Unit<'_>, order: &Order, back: &Return) -> Step {
    for (product, quantity) in &back.lines {
        let command = stock::Command::Return { quantity: *quantity };
        participants::move_claimed(unit, *product, &command)?;
    }
    if !back.points.is_zero() {
        participants::give_taken_points_back(unit, order.user(), (order.id(), back.points))?;
    }
    if let Some(wanted) = order.created.coupon.filter(|_| back.is_last) {
        participants::give_used_coupon_back(unit, (wanted.campaign, order.user()), order.id())?;
    }
    if !back.money.is_zero() {
        payments::refund(unit, order, back.money)?;
    }
    if back.is_last { shipments::call_off(unit, order) } else { Ok(()) }
}
