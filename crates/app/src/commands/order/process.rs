//! The process of an order: decides a command, folds its events, and applies their consequences.

use std::sync::Arc;

use domain::ids::OrderId;
use domain::money::Money;
use domain::order::saga::{Direction, Report, Step as SagaStep};
use domain::order::{self, Order, Outcome, fulfilment};
use domain::reason::Reason;
use domain::time::Timestamp;

use crate::commands::answer::Refusal;
use crate::commands::context::{Context, Halt, Handled};
use crate::commands::fulfilment::{booking, events as fulfilment_events, goods};
use crate::commands::order::{limits, steps};
use crate::commands::participants;
use crate::events::event::{
    CompensationCompleted, CompensationRequired, CompensationResolved, CompensationResumed, CouponUsed, Event,
    OrderAwaitingPayment, OrderCancelled, OrderCompleted, OrderNote, Sold,
};
use crate::state::rows::{HoldingKey, OrderKey, OrderRow, Timer, TimerKey, TimerKind};

/// Decides a command on an order, folds its events, and applies their consequences.
pub(crate) fn apply(context: &mut Context<'_>, id: OrderId, command: &order::Command) -> Handled {
    let OrderRow { order, previous } = context.order(id)?;
    let events = order::decide(Some(&order), command, context.now).map_err(refusal)?;
    let mut order = Some(order);
    for event in &events {
        order::evolve(&mut order, event, context.now);
        let after = order.as_ref().ok_or_else(|| Halt::broken("an order with an event exists"))?;
        context.rows.orders.put(OrderKey(id), OrderRow { order: after.clone(), previous });
        follow(context, after, event)?;
    }
    Ok(())
}

/// Collects a participant's answer; all orders use it (O-09).
pub(crate) fn collect(
    context: &mut Context<'_>,
    id: OrderId,
    step: SagaStep,
    report: Report,
    at: Timestamp,
) -> Handled {
    apply(context, id, &order::Command::Collect { step, report, at })
}

/// Cancels an order whose answers are overdue.
pub(crate) fn give_up(context: &mut Context<'_>, id: OrderId) -> Handled {
    apply(context, id, &order::Command::GiveUp)
}

/// Applies a fulfilment command to an order.
pub(crate) fn advance(context: &mut Context<'_>, id: OrderId, command: fulfilment::Command) -> Handled {
    apply(context, id, &order::Command::Fulfil(command))
}

/// Checks that the order would accept the command; nothing changes.
pub(crate) fn check(context: &Context<'_>, order: &Order, command: fulfilment::Command) -> Handled {
    order::decide(Some(order), &order::Command::Fulfil(command), context.now).map_err(refusal)?;
    Ok(())
}

/// Applies the consequences of an order's event.
fn follow(context: &mut Context<'_>, order: &Order, event: &order::Event) -> Handled {
    let number = order.created.number.clone();
    match event {
        order::Event::Created(_) | order::Event::Reported { .. } => Ok(()),
        order::Event::Asked { .. } => steps::request_claims(context, order),
        order::Event::AskedBack { .. } => {
            // A stuck order waits for an operator; late reports still advance it.
            if order.outcome == Outcome::Compensating {
                steps::set_restoration_timer(context, order.id(), 1);
            }
            steps::request_restorations(context, order)
        }
        order::Event::AwaitingPayment { pay_before } => {
            let timer = Timer { due: *pay_before, kind: TimerKind::Payment };
            context.rows.timers.put(TimerKey(order.id()), timer);
            let event = OrderAwaitingPayment {
                order_id: number,
                user_id: order.user(),
                amount_due: order.created.due,
                pay_before: *pay_before,
                products: Sold::all_of(order),
            };
            context.publish_of(Event::OrderAwaitingPayment(event), order)
        }
        order::Event::Completed => complete(context, order),
        order::Event::CompensationRequired { reason, steps, note } => {
            let (reason, steps, cancel_reason) = (*reason, steps.clone(), note.clone());
            let event = CompensationRequired { order_id: number, reason, steps, cancel_reason, in_turn: true };
            context.publish_of(Event::CompensationRequired(event), order)?;
            // Only a prepaid order with a deadline has a payment; for others it is not looked up.
            if order.is_prepaid() && order.pay_before.is_some() {
                booking::withdraw(context, order)?;
            }
            steps::set_restoration_timer(context, order.id(), 1);
            steps::request_restorations(context, order)
        }
        order::Event::CompensationStuck => {
            let note = OrderNote { order_id: number, user_id: Some(order.user()), status: Some(order.status) };
            context.publish_of(Event::CompensationStuck(note), order)
        }
        order::Event::CompensationResumed { steps } => {
            let event = CompensationResumed { order_id: number, steps: steps.clone() };
            context.publish_of(Event::CompensationResumed(event), order)?;
            steps::set_restoration_timer(context, order.id(), 1);
            steps::request_restorations(context, order)
        }
        order::Event::CompensationResolved { by, reason, steps } => {
            let (resolved_by, reason) = (*by, Arc::clone(reason));
            let event = CompensationResolved { order_id: number, resolved_by, reason, steps: steps.clone() };
            context.publish_of(Event::CompensationResolved(event), order)?;
            steps::restore_at_once(context, order, steps)
        }
        order::Event::Cancelled { reason, .. } => cancelled(context, order, *reason),
        order::Event::StatusChanged { .. }
        | order::Event::Returned(_)
        | order::Event::RefundAsked { .. }
        | order::Event::RefundRejected { .. }
        | order::Event::GoodsArrived { .. }
        | order::Event::HoldExtended { .. }
        | order::Event::ProcessingRequested { .. }
        | order::Event::ProcessingFailed { .. } => fulfilment_events::follow(context, order, event),
    }
}

/// Completes an order with all claims and nothing due: goods leave the stock in the same commit.
fn complete(context: &mut Context<'_>, order: &Order) -> Handled {
    let created = &order.created;
    for line in &created.lines {
        participants::sell_stock(context, line.product, line.quantity)?;
    }
    forget(context, order);
    if let Some(used) = used_coupon(context, order)? {
        context.publish(Event::CouponUsed(used))?;
    }
    let event = OrderCompleted {
        order_id: created.number.clone(),
        order_number: created.number.clone(),
        user_id: created.user,
        products: Sold::all_of(order),
        total_amount: created.total,
        discount_amount: created.discount,
        points_used: created.points,
        paid_amount: if order.is_prepaid() { created.due } else { Money::ZERO },
        amount_due: created.due,
        status: Some(order.status),
        order_created_at: created.at,
        completed_at: context.now,
    };
    context.publish_of(Event::OrderCompleted(event), order)?;
    dispatch(context, order)
}

/// Ships or stores the goods of a paid order, if their destination is known and neither has been done.
pub(crate) fn dispatch(context: &mut Context<'_>, order: &Order) -> Handled {
    if goods::send(context, order)? { advance(context, order.id(), fulfilment::Command::Dispatch) } else { Ok(()) }
}

/// Closes a cancelled order.
pub(crate) fn cancelled(context: &mut Context<'_>, order: &Order, reason: Reason) -> Handled {
    forget(context, order);
    limits::give_back_all(context, order)?;
    let order_id = order.created.number.clone();
    // Also when all requested restorations turned out to have nothing to restore.
    if matches!(order.saga.direction, Direction::Restoring(_)) {
        let event = CompensationCompleted { order_id: order_id.clone(), reason };
        context.record(Event::CompensationCompleted(event), Some((order.id(), None)));
    }
    let event =
        OrderCancelled { order_id, user_id: order.user(), reason, cancel_reason: order.cancel_reason().cloned() };
    context.publish_of(Event::OrderCancelled(event), order)
}

/// Deletes claims and timer; they live as long as the saga.
fn forget(context: &mut Context<'_>, order: &Order) {
    context.rows.timers.remove(TimerKey(order.id()));
    for record in &order.saga.steps {
        participants::forget_claim(context, order.id(), record.step);
    }
}

fn used_coupon(context: &Context<'_>, order: &Order) -> Handled<Option<CouponUsed>> {
    let Some(wanted) = order.created.coupon else { return Ok(None) };
    let holding = context.rows.holdings.get(HoldingKey { campaign: wanted.campaign, user: order.user() })?;
    let used = holding.and_then(|holding| holding.coupons.iter().find(|coupon| coupon.used_order == Some(order.id())));
    Ok(used.map(|coupon| CouponUsed {
        user_coupon_id: coupon.code.clone(),
        user_id: order.user(),
        coupon_id: Some(wanted.campaign),
        order_id: order.created.number.clone(),
        discount_amount: order.created.discount,
        used_at: context.now,
    }))
}

pub(crate) fn refusal(rejection: order::Rejection) -> Halt {
    let refusal = match rejection {
        order::Rejection::Impossible(invariant) => return Halt::broken(invariant),
        order::Rejection::TooManyUnits { .. } => Refusal::QuantityTooLarge { line: 0 },
        order::Rejection::TotalTooLarge => Refusal::TotalTooLarge,
        order::Rejection::CouponWorthless => Refusal::CouponWorthless,
        order::Rejection::RefundPending => Refusal::RefundPending,
        order::Rejection::NoRefundAsked => Refusal::NoRefundAsked,
        order::Rejection::GoodsOnTheWay => Refusal::GoodsOnTheWay,
        order::Rejection::GoodsSold => Refusal::GoodsSold,
        order::Rejection::GoodsCommitted => Refusal::GoodsCommitted,
        order::Rejection::NotThatMuchAwaited => Refusal::NotThatMuchAwaited,
        order::Rejection::PriceChanged { total } => Refusal::PriceChanged { total },
        order::Rejection::PointsAbovePayable { payable } => Refusal::PointsAbovePayable { payable },
        order::Rejection::NotCancellable => Refusal::OrderNotCancellable,
        order::Rejection::NotStuck => Refusal::OrderNotStuck,
        order::Rejection::NotDue => Refusal::PaymentNotDue,
        order::Rejection::NotYetDue => Refusal::PaymentNotYetDue,
        order::Rejection::NotPayable => Refusal::OrderNotPayable,
        order::Rejection::AlreadyPaid => Refusal::PaymentAlreadyPaid,
        order::Rejection::AmountMismatch { due } => Refusal::PaymentAmountMismatch { due },
        order::Rejection::ReceiverMissing => Refusal::ReceiverMissing,
        order::Rejection::NotRefundable => Refusal::OrderNotRefundable,
        order::Rejection::NotThatMuchLeft => Refusal::RefundTooMuch,
        order::Rejection::NoSuchEdge { from } => Refusal::NoSuchStep { from: from.name() },
    };
    Halt::Refused(refusal)
}
