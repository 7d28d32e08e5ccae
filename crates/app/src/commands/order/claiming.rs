//! How an order claims and restores what it needs: one saga for every mode (O-03, O-12, O-13, O-17).

use std::time::Duration;

use domain::ids::{OrderId, ProductId};
use domain::order::saga::{Report, Step as SagaStep};
use domain::order::{self, CouponWanted, Order, Outcome, Pace};
use domain::reason::Reason;
use domain::time::Timestamp;

use crate::commands::context::{Context, Halt, Handled};
use crate::commands::order::{cancelled, collect, give_up};
use crate::commands::participants::{self, Told};
use crate::events::event::{
    CouponRequest, CouponRestoration, Event, PointRequest, PointRestoration, RestorationType, StockRequest,
    StockRestoration,
};
use crate::log::reactions::{Moved, report_event};
use crate::state::rows::{OrderKey, OrderRow, Timer, TimerKey, TimerKind};

/// A kind of step: its request and its action, and those of its compensation.
struct Row {
    ask: fn(&Context<'_>, &Order, SagaStep) -> Event,
    take: fn(&mut Context<'_>, &Order, SagaStep) -> Handled<Told>,
    ask_back: fn(&Context<'_>, &Order, SagaStep) -> Event,
    give_back: fn(&mut Context<'_>, &Order, SagaStep) -> Handled<Moved>,
}

const STOCK: Row = Row { ask: ask_stock, take: take_stock, ask_back: ask_stock_back, give_back: give_stock_back };
const COUPON: Row = Row { ask: ask_coupon, take: take_coupon, ask_back: ask_coupon_back, give_back: give_coupon_back };
const POINT: Row = Row { ask: ask_points, take: take_points, ask_back: ask_points_back, give_back: give_points_back };

/// Returns the step's row of the saga's table, in the order of claiming. [`order::Created::steps`] has the steps of an
/// order, its mode's [`Pace`] their timing.
const fn row(step: SagaStep) -> &'static Row {
    match step {
        SagaStep::Stock(_) => &STOCK,
        SagaStep::Coupon => &COUPON,
        SagaStep::Point => &POINT,
    }
}

/// Starts an order's saga, or continues it.
pub(crate) fn begin(context: &mut Context<'_>, order: &Order) -> Handled {
    match order.created.mode.pace() {
        Pace::Together | Pace::InWaves => request_claims(context, order),
        Pace::AtOnce => claim_at_once(context, order),
    }
}

/// Requests every step that is due and has not answered.
pub(crate) fn request_claims(context: &mut Context<'_>, order: &Order) -> Handled {
    set_claim_timer(context, order);
    for step in order.saga.asked() {
        let request = (row(step).ask)(context, order, step);
        context.publish(request)?;
    }
    Ok(())
}

/// Claims everything in this one decision, or nothing.
fn claim_at_once(context: &mut Context<'_>, order: &Order) -> Handled {
    for step in order.saga.asked() {
        if let Err(until) = context.ask(step) {
            // The order waits from this commit on, whenever the event is delivered.
            context.record(participants::delayed(context, order.id(), step, until), Some((order.id(), None)));
            return delay(context, order.id(), step, until);
        }
    }
    let before = context.rows.savepoint();
    let mut reports = vec![];
    for step in order.saga.asked() {
        let told = (row(step).take)(context, order, step)?;
        reports.push((step, told));
        if matches!(told, (Report::Failed(_), _)) {
            context.rows.undo_to(before);
            reports.drain(..reports.len() - 1);
            break;
        }
    }
    for (step, told) in &reports {
        let event = report_event(*step, *told, order.created.number.clone());
        context.record(event, Some((order.id(), None)));
    }
    match reports.first() {
        Some((step, (report @ Report::Failed(reason), _))) => {
            refuse_at_once(context, order.id(), (*step, *report), *reason)
        }
        _ => reports
            .into_iter()
            .try_for_each(|(step, (report, _))| collect(context, order.id(), step, (report, context.now))),
    }
}

/// Cancels without compensation: nothing was claimed.
fn refuse_at_once(
    context: &mut Context<'_>,
    id: OrderId,
    (step, report): (SagaStep, Report),
    reason: Reason,
) -> Handled {
    let OrderRow { order, previous } = context.order(id)?;
    let mut order = Some(order);
    order::evolve(&mut order, &order::Event::Reported { step, report, at: context.now }, context.now);
    order::evolve(&mut order, &order::Event::Cancelled { reason, note: None }, context.now);
    let order = order.ok_or_else(|| Halt::broken("an order with an event exists"))?;
    context.rows.orders.put(OrderKey(id), OrderRow { order: order.clone(), previous });
    cancelled(context, &order, reason)
}

/// Delays a step whose participant could not be called: it stays pending until the order's deadline (T11).
pub(crate) fn delay(context: &mut Context<'_>, id: OrderId, step: SagaStep, until: Timestamp) -> Handled {
    let OrderRow { order, .. } = context.order(id)?;
    if order.outcome != Outcome::Pending || !order.saga.asked().any(|asked| asked == step) {
        return Ok(());
    }
    let due = until.min(order.created.at + context.settings.order_deadline);
    context.rows.timers.put(TimerKey(id), Timer { due, kind: TimerKind::Delayed });
    Ok(())
}

/// Requests delayed steps again. A participant that has answered gives the same answer.
pub(crate) fn ask_again(context: &mut Context<'_>, id: OrderId) -> Handled {
    let order = context.order(id)?.order;
    if order.outcome != Outcome::Pending {
        return Ok(());
    }
    if order.created.at + context.settings.order_deadline <= context.now {
        return give_up(context, id);
    }
    begin(context, &order)
}

/// Requests the next restorations of what may have been claimed: points, then the coupon, then stock, each after the
/// one before is done (O-12, O-13).
pub(crate) fn request_restorations(context: &mut Context<'_>, order: &Order) -> Handled {
    for step in order.saga.to_ask_back() {
        let request = (row(step).ask_back)(context, order, step);
        context.publish(request)?;
    }
    Ok(())
}

/// Restores at once what participants have not reported as restored, for an operator.
pub(crate) fn restore_at_once(context: &mut Context<'_>, order: &Order, steps: &[SagaStep]) -> Handled {
    for step in steps {
        let moved = (row(*step).give_back)(context, order, *step)?;
        let event = report_event(*step, (Report::Restored, moved), order.created.number.clone());
        context.record(event, Some((order.id(), None)));
    }
    Ok(())
}

/// Sets the timer to the step's time-out, at most to the order's deadline.
pub(crate) fn set_claim_timer(context: &mut Context<'_>, order: &Order) {
    let step = context.now + context.settings.step_deadline;
    let due = step.min(order.created.at + context.settings.order_deadline);
    context.rows.timers.put(TimerKey(order.id()), Timer { due, kind: TimerKind::Claims });
}

/// Sets the timer of restorations: its delay grows with each request, up to the time that an order may take.
pub(crate) fn set_restoration_timer(context: &mut Context<'_>, order: OrderId, asked: i64) {
    let doublings = u32::try_from(asked - 1).unwrap_or(0).min(u32::BITS - 1);
    let pause = context.settings.step_deadline.saturating_mul(1 << doublings);
    let longest: Duration = context.settings.order_deadline.max(context.settings.step_deadline);
    let due = context.now + pause.min(longest);
    context.rows.timers.put(TimerKey(order), Timer { due, kind: TimerKind::Restorations { asked } });
}

fn product_of(step: SagaStep) -> ProductId {
    let SagaStep::Stock(product) = step else { unreachable!("each row of the table handles its own steps") };
    product
}

fn quantity(order: &Order, product: ProductId) -> i64 {
    let line = order.created.lines.iter().find(|line| line.product == product);
    line.expect("each stock step has a line").quantity
}

fn coupon_of(order: &Order) -> CouponWanted {
    order.created.coupon.expect("an order with a coupon step has a coupon")
}

fn ask_stock(_unit: &Context<'_>, order: &Order, step: SagaStep) -> Event {
    let product_id = product_of(step);
    let (order_id, quantity) = (order.created.number.clone(), quantity(order, product_id));
    Event::StockDeductionRequested(StockRequest { order_id, product_id, quantity })
}

fn take_stock(context: &mut Context<'_>, order: &Order, step: SagaStep) -> Handled<Told> {
    let product = product_of(step);
    participants::take_stock(context, order.id(), product, quantity(order, product))
}

fn ask_stock_back(context: &Context<'_>, order: &Order, step: SagaStep) -> Event {
    let product_id = product_of(step);
    Event::StockRestorationRequired(StockRestoration {
        order_id: order.created.number.clone(),
        product_id,
        quantity: quantity(order, product_id),
        event_type: RestorationType::StockRestorationRequired,
        timestamp: context.now,
    })
}

fn give_stock_back(context: &mut Context<'_>, order: &Order, step: SagaStep) -> Handled<Moved> {
    let product = product_of(step);
    participants::give_stock_back(context, order.id(), product, quantity(order, product))
}

fn ask_coupon(context: &Context<'_>, order: &Order, _step: SagaStep) -> Event {
    let wanted = coupon_of(order);
    Event::CouponUsageRequested(CouponRequest {
        order_id: order.created.number.clone(),
        user_id: order.user(),
        coupon_id: wanted.campaign,
        user_coupon_id: wanted.coupon.map(|coupon| context.settings.codec.coupon(coupon)),
    })
}

fn take_coupon(context: &mut Context<'_>, order: &Order, _step: SagaStep) -> Handled<Told> {
    let wanted = coupon_of(order);
    participants::take_coupon(context, order.id(), (wanted.campaign, order.user()), wanted.coupon)
}

fn ask_coupon_back(context: &Context<'_>, order: &Order, _step: SagaStep) -> Event {
    Event::CouponRestorationRequired(CouponRestoration {
        order_id: order.created.number.clone(),
        user_id: order.user(),
        coupon_id: coupon_of(order).campaign,
        event_type: RestorationType::CouponRestorationRequired,
        timestamp: context.now,
    })
}

fn give_coupon_back(context: &mut Context<'_>, order: &Order, _step: SagaStep) -> Handled<Moved> {
    participants::give_coupon_back(context, order.id(), (coupon_of(order).campaign, order.user()))
}

fn ask_points(_unit: &Context<'_>, order: &Order, _step: SagaStep) -> Event {
    let (order_id, user_id) = (order.created.number.clone(), order.user());
    Event::PointDeductionRequested(PointRequest { order_id, user_id, points: order.created.points })
}

fn take_points(context: &mut Context<'_>, order: &Order, _step: SagaStep) -> Handled<Told> {
    participants::take_points(context, order.id(), order.user(), order.created.points)
}

fn ask_points_back(context: &Context<'_>, order: &Order, _step: SagaStep) -> Event {
    Event::PointRestorationRequired(PointRestoration {
        order_id: order.created.number.clone(),
        user_id: order.user(),
        points: order.created.points,
        event_type: RestorationType::PointRestorationRequired,
        timestamp: context.now,
    })
}

fn give_points_back(context: &mut Context<'_>, order: &Order, _step: SagaStep) -> Handled<Moved> {
    participants::give_points_back(context, order.id(), order.user(), order.created.points)
}
