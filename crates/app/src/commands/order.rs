//! Orders and their saga (O-01…O-16, O-22, O-23). [`order_saga`] decides what to do next; this file does it.

pub(crate) mod claiming;
pub(crate) mod request;

use std::sync::Arc;

use domain::ids::{OrderId, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::{Direction, Report, Step as SagaStep};
use domain::order::{
    self, Basket, CouponWanted, Created, Line, Mode, Modes, Order, Outcome, Placement, Rule, fulfilment,
};
use domain::reason::Reason;
use domain::time::Timestamp;

use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::commands::fulfilment::{payments, shipments};
use crate::commands::{PlaceOrder, fulfilment as after, participants};
use crate::events::event::{
    CompensationCompleted, CompensationRequired, CompensationResolved, CompensationResumed, CouponUsed, Event,
    OrderAwaitingPayment, OrderCancelled, OrderCompleted, OrderCreated, OrderNote, Sold,
};
use crate::state::rows::{
    ClaimKey, CustomerKey, HoldingKey, OrderKey, OrderRow, ShipmentKey, StorageKey, TimerKey, TimerKind,
};

/// Places an order: prices it from the catalogue, writes it and starts its claims.
pub(crate) fn place(context: &mut Context<'_>, wanted: &PlaceOrder) -> Answered {
    let lines = price_lines(context, &wanted.items)?;
    let coupon = wanted_coupon(context, wanted)?;
    let (mode, chosen_by) = mode_of(context, wanted, lines.len());
    let id = context.ids.order();
    let number = context.settings.codec.order(id);
    let placement = Placement {
        id,
        number: number.clone(),
        user: wanted.user,
        mode,
        chosen_by,
        payment: wanted.payment,
        pay_within: context.settings.pay_within,
        lines,
        coupon,
        points: wanted.points,
        total_shown: wanted.total_shown,
        receiver: wanted.receiver.clone(),
        warehouse_storage: wanted.warehouse_storage,
    };
    let command = order::Command::Place(Box::new(placement));
    let events =
        order::decide(None, &command, context.now).map_err(|rejection| refusal_of_placing(wanted, rejection))?;

    let mut customer = context.customer(wanted.user)?;
    let previous = customer.last_order.replace(id);
    context.rows.customers.put(CustomerKey(wanted.user), customer);
    let mut order = None;
    for event in &events {
        order::evolve(&mut order, event, context.now);
    }
    let order = order.ok_or_else(|| Halt::broken("placing creates the order"))?;
    declare_new(context, &order);
    context.rows.orders.put(OrderKey(id), OrderRow { order: order.clone(), previous });
    context.publish_of(created_event(context, &order.created), &order)?;
    claiming::begin(context, &order)?;
    Ok(Answer::OrderPlaced { order: id, number })
}

/// Cancels an order before it is completed.
pub(crate) fn cancel(
    context: &mut Context<'_>,
    id: OrderId,
    (by, note): (order::Canceller, &Option<Arc<str>>),
) -> Answered {
    apply(context, id, &order::Command::Cancel { by, note: note.clone() })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Retries the restorations of a stuck order.
pub(crate) fn resume(context: &mut Context<'_>, id: OrderId) -> Answered {
    apply(context, id, &order::Command::Resume)?;
    Ok(Answer::OrderChanged { order: id })
}

/// Resolves a stuck order: what it holds is restored in this commit, and the order records the operator and the reason.
pub(crate) fn resolve(context: &mut Context<'_>, id: OrderId, (by, reason): (UserId, &Arc<str>)) -> Answered {
    apply(context, id, &order::Command::Resolve { by, reason: Arc::clone(reason) })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Handles a step's report from an event, if it is true and new.
pub(crate) fn take_report(
    context: &mut Context<'_>,
    id: OrderId,
    step: SagaStep,
    said: (Report, Timestamp),
) -> Handled {
    if request::is_report_due(context, id, step, said.0)? { collect(context, id, step, said) } else { Ok(()) }
}

/// Collects a participant's answer; all orders use it (O-09).
pub(crate) fn collect(
    context: &mut Context<'_>,
    id: OrderId,
    step: SagaStep,
    (report, at): (Report, Timestamp),
) -> Handled {
    apply(context, id, &order::Command::Collect { step, report, at })
}

/// Handles an order whose answers are overdue, unless the timer was moved or cleared meanwhile.
pub(crate) fn fire_timer(context: &mut Context<'_>, id: OrderId, due: Timestamp) -> Handled {
    let Some(timer) = context.rows.timers.get(TimerKey(id))?.copied().filter(|timer| timer.due == due) else {
        return Ok(());
    };
    context.rows.timers.remove(TimerKey(id));
    match timer.kind {
        TimerKind::Claims => give_up(context, id),
        TimerKind::Delayed => claiming::ask_again(context, id),
        TimerKind::Payment => advance(context, id, fulfilment::Command::Expire),
        TimerKind::Restorations { asked } if asked >= context.settings.restorations_max => {
            apply(context, id, &order::Command::Stick)
        }
        TimerKind::Restorations { asked } => {
            let order = context.order(id)?.order;
            claiming::set_restoration_timer(context, id, asked + 1);
            claiming::request_restorations(context, &order)
        }
    }
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

/// Decides a command on an order, folds its events, and applies their consequences.
fn apply(context: &mut Context<'_>, id: OrderId, command: &order::Command) -> Handled {
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

/// Applies the consequences of an order's event.
fn follow(context: &mut Context<'_>, order: &Order, event: &order::Event) -> Handled {
    let number = order.created.number.clone();
    match event {
        order::Event::Created(_) | order::Event::Reported { .. } => Ok(()),
        order::Event::Asked { .. } => claiming::request_claims(context, order),
        order::Event::AskedBack { .. } => {
            // A stuck order waits for an operator; late reports still advance it.
            if order.outcome == Outcome::Compensating {
                claiming::set_restoration_timer(context, order.id(), 1);
            }
            claiming::request_restorations(context, order)
        }
        order::Event::AwaitingPayment { pay_before } => {
            after::await_payment(context, order, *pay_before);
            let event = OrderAwaitingPayment {
                order_id: number,
                user_id: order.user(),
                amount_due: order.created.due,
                pay_before: *pay_before,
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
                payments::withdraw(context, order)?;
            }
            claiming::set_restoration_timer(context, order.id(), 1);
            claiming::request_restorations(context, order)
        }
        order::Event::CompensationStuck => {
            let note = OrderNote { order_id: number, user_id: Some(order.user()), status: Some(order.status) };
            context.publish_of(Event::CompensationStuck(note), order)
        }
        order::Event::CompensationResumed { steps } => {
            let event = CompensationResumed { order_id: number, steps: steps.clone() };
            context.publish_of(Event::CompensationResumed(event), order)?;
            claiming::set_restoration_timer(context, order.id(), 1);
            claiming::request_restorations(context, order)
        }
        order::Event::CompensationResolved { by, reason, steps } => {
            let (resolved_by, reason) = (*by, Arc::clone(reason));
            let event = CompensationResolved { order_id: number, resolved_by, reason, steps: steps.clone() };
            context.publish_of(Event::CompensationResolved(event), order)?;
            claiming::restore_at_once(context, order, steps)
        }
        order::Event::Cancelled { reason, .. } => cancelled(context, order, *reason),
        order::Event::StatusChanged { .. }
        | order::Event::Returned(_)
        | order::Event::RefundAsked { .. }
        | order::Event::RefundRejected { .. }
        | order::Event::GoodsArrived { .. }
        | order::Event::ProcessingRequested { .. }
        | order::Event::ProcessingFailed { .. } => after::follow(context, order, event),
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
        products: created.lines.iter().map(|line| Sold { id: line.product, qty: line.quantity }).collect(),
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
    shipments::dispatch(context, order)
}

pub(crate) fn cancelled(context: &mut Context<'_>, order: &Order, reason: Reason) -> Handled {
    forget(context, order);
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
        order_id: order.created.number.clone(),
        discount_amount: order.created.discount,
        used_at: context.now,
    }))
}

/// Declares the rows of a new order as absent: no row can refer to a number that was just assigned.
fn declare_new(context: &mut Context<'_>, order: &Order) {
    context.rows.orders.known_absent(OrderKey(order.id()));
    context.rows.timers.known_absent(TimerKey(order.id()));
    if order.has_destination() {
        context.rows.shipments.known_absent(ShipmentKey(order.id()));
        context.rows.storages.known_absent(StorageKey(order.id()));
    }
    for record in &order.saga.steps {
        context.rows.claims.known_absent(ClaimKey { order: order.id(), step: record.step });
    }
}

/// Returns the requested mode, or the setting's choice for the order.
fn mode_of(context: &Context<'_>, wanted: &PlaceOrder, items: usize) -> (Mode, Option<Rule>) {
    let modes = context.modes();
    let modes = Modes { choice: wanted.mode.unwrap_or(modes.choice), ..modes };
    modes.of(Basket {
        user: wanted.user,
        items,
        has_coupon: wanted.coupon.is_some(),
        has_points: !wanted.points.is_zero(),
    })
}

fn price_lines(context: &Context<'_>, items: &[(ProductId, i64)]) -> Handled<Vec<Line>> {
    let mut lines = vec![];
    for (product, quantity) in order::merge_lines(items.iter().copied()) {
        let Some(found) = context.offer(product)? else {
            let line = items.iter().position(|(item, _)| *item == product);
            return Err(Halt::Refused(Refusal::ProductNotFound { line }));
        };
        lines.push(Line { product, name: Arc::clone(&found.name), quantity, unit_price: found.price });
    }
    Ok(lines)
}

/// Returns the coupon and its terms. The price uses an existing campaign even if the user has no coupon; the claim
/// refuses it later.
fn wanted_coupon(
    context: &Context<'_>,
    wanted: &PlaceOrder,
) -> Handled<Option<(CouponWanted, domain::pricing::Discount)>> {
    let Some((campaign, coupon)) = wanted.coupon else { return Ok(None) };
    let terms = context.terms(campaign)?.ok_or(Halt::Refused(Refusal::CouponNotFound))?;
    Ok(Some((CouponWanted { campaign, coupon }, terms.discount)))
}

fn created_event(context: &Context<'_>, created: &Created) -> Event {
    let coupon = created.coupon.and_then(|wanted| wanted.coupon);
    Event::OrderCreated(OrderCreated {
        order_id: created.number.clone(),
        user_id: created.user,
        mode: created.mode,
        chosen_by: created.chosen_by,
        payment: created.payment,
        pay_within_seconds: created.pay_within.as_secs(),
        items: created.lines.clone(),
        coupon_id: created.coupon.map(|wanted| wanted.campaign),
        user_coupon_id: coupon.map(|coupon| context.settings.codec.coupon(coupon)),
        total_price: created.total,
        discount_price: created.discount,
        points_used: created.points,
        amount_due: created.due,
        warehouse_storage: created.warehouse_storage,
        total_steps: 1 + usize::from(created.coupon.is_some()) + usize::from(!created.points.is_zero()),
        created_at: created.at,
    })
}

/// Returns the refusal of a placement, with the line that caused it.
fn refusal_of_placing(wanted: &PlaceOrder, rejection: order::Rejection) -> Halt {
    let order::Rejection::TooManyUnits { product } = rejection else { return refusal(rejection) };
    let line = wanted.items.iter().rposition(|(of, _)| *of == product);
    Refusal::QuantityTooLarge { line: line.unwrap_or_default() }.into()
}

fn refusal(rejection: order::Rejection) -> Halt {
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
