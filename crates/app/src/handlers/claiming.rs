//! How an order claims what it needs, and asks for what it gives back (O-03, O-12, O-13).

use domain::ids::{OrderId, ProductId};
use domain::order::{self, Order};
use domain::order_saga::{Report, Step as SagaStep};
use domain::reason::Reason;

use crate::event::{
    CouponRequest, CouponRestoration, Event, PointRequest, PointRestoration, RestorationType, StockRequest,
    StockRestoration,
};
use crate::handlers::orders::{cancelled, collect};
use crate::handlers::participants;
use crate::reactions::report_event;
use crate::rows::{OrderKey, OrderRow, Timer, TimerKey, TimerKind};
use crate::unit::{Step, Unit};

/// Parallel mode: every request goes out at once (O-03).
pub(crate) fn request_claims(unit: &mut Unit<'_>, order: &Order) -> Step {
    set_timer(unit, order.id(), TimerKind::Claims);
    for record in &order.saga.steps {
        let request = claim_request(unit, order, record.step);
        unit.publish(request)?;
    }
    Ok(())
}

/// Atomic mode: everything is claimed in this one decision, or nothing is.
pub(crate) fn claim_at_once(unit: &mut Unit<'_>, order: &Order) -> Step {
    let before = unit.rows.savepoint();
    let mut reports = vec![];
    for record in &order.saga.steps {
        let report = claim_now(unit, order, record.step)?;
        reports.push((record.step, report));
        if matches!(report, Report::Failed(_)) {
            unit.rows.undo_to(before);
            reports.drain(..reports.len() - 1);
            break;
        }
    }
    for (step, report) in &reports {
        let event = report_event(*step, *report, order.created.number.clone());
        unit.record(event, Some((order.id(), None)));
    }
    match reports.first() {
        Some((_, Report::Failed(reason))) => {
            let (step, report) = reports[0];
            refuse_at_once(unit, order.id(), (step, report), *reason)
        }
        _ => reports.into_iter().try_for_each(|(step, report)| collect(unit, order.id(), step, (report, unit.now))),
    }
}

fn claim_now(unit: &mut Unit<'_>, order: &Order, step: SagaStep) -> Step<Report> {
    match step {
        SagaStep::Stock(product) => participants::take_stock(unit, order.id(), product, quantity(order, product)),
        SagaStep::Coupon => {
            let wanted = order.created.coupon.expect("an order with a coupon step wants a coupon");
            participants::take_coupon(unit, order.id(), (wanted.campaign, order.user()), wanted.coupon)
        }
        SagaStep::Point => participants::take_points(unit, order.id(), order.user(), order.created.points),
    }
}

/// Nothing was claimed, so there is nothing to compensate.
fn refuse_at_once(unit: &mut Unit<'_>, id: OrderId, (step, report): (SagaStep, Report), reason: Reason) -> Step {
    let OrderRow { order, previous } = unit.order(id)?;
    let mut order = Some(order);
    order::evolve(&mut order, &order::Event::Reported { step, report, at: unit.now }, unit.now);
    order::evolve(&mut order, &order::Event::Cancelled { reason }, unit.now);
    let order = order.expect("the order was looked up above");
    unit.rows.orders.put(OrderKey(id), OrderRow { order: order.clone(), previous });
    cancelled(unit, &order, reason)
}

fn claim_request(unit: &Unit<'_>, order: &Order, step: SagaStep) -> Event {
    let order_id = order.created.number.clone();
    match step {
        SagaStep::Stock(product) => {
            let quantity = quantity(order, product);
            Event::StockDeductionRequested(StockRequest { order_id, product_id: product, quantity })
        }
        SagaStep::Coupon => {
            let wanted = order.created.coupon.expect("an order with a coupon step wants a coupon");
            Event::CouponUsageRequested(CouponRequest {
                order_id,
                user_id: order.user(),
                coupon_id: wanted.campaign,
                user_coupon_id: wanted.coupon.map(|coupon| unit.settings.codec.coupon(coupon)),
            })
        }
        SagaStep::Point => Event::PointDeductionRequested(PointRequest {
            order_id,
            user_id: order.user(),
            points: order.created.points,
        }),
    }
}

/// Asks for what may have been claimed, in the given order: point → coupon → stock (O-12, O-13).
pub(crate) fn request_restorations(unit: &mut Unit<'_>, order: &Order, steps: &[SagaStep]) -> Step {
    for step in steps {
        let request = restoration_request(unit, order, *step);
        unit.publish(request)?;
    }
    Ok(())
}

fn restoration_request(unit: &Unit<'_>, order: &Order, step: SagaStep) -> Event {
    let order_id = order.created.number.clone();
    let timestamp = unit.now;
    match step {
        SagaStep::Stock(product) => Event::StockRestorationRequired(StockRestoration {
            order_id,
            product_id: product,
            quantity: quantity(order, product),
            event_type: RestorationType::StockRestorationRequired,
            timestamp,
        }),
        SagaStep::Coupon => Event::CouponRestorationRequired(CouponRestoration {
            order_id,
            user_id: order.user(),
            coupon_id: order.created.coupon.expect("an order with a coupon step wants a coupon").campaign,
            event_type: RestorationType::CouponRestorationRequired,
            timestamp,
        }),
        SagaStep::Point => Event::PointRestorationRequired(PointRestoration {
            order_id,
            user_id: order.user(),
            points: order.created.points,
            event_type: RestorationType::PointRestorationRequired,
            timestamp,
        }),
    }
}

fn quantity(order: &Order, product: ProductId) -> i64 {
    let line = order.created.lines.iter().find(|line| line.product == product);
    line.expect("each stock step stands for a line").quantity
}

pub(crate) fn set_timer(unit: &mut Unit<'_>, order: OrderId, kind: TimerKind) {
    let due = unit.now + unit.settings.step_deadline;
    unit.rows.timers.put(TimerKey(order), Timer { due, kind });
}
