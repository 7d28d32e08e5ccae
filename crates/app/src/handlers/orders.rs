//! Orders and their saga (O-01…O-16, O-22, O-23). What to do next is [`order_saga`]'s answer; this file does it.

use std::sync::Arc;

use domain::coupon::Campaign;
use domain::ids::{OrderId, ProductId};
use domain::order::{self, CouponWanted, Created, Line, Mode, Order, Placement};
use domain::order_saga::{Direction, Report, Step as SagaStep};
use domain::reason::Reason;
use domain::time::Timestamp;

use crate::answer::{Answer, Refusal};
use crate::command::PlaceOrder;
use crate::event::{
    CompensationCompleted, CompensationRequired, CompensationResumed, CouponRequest, CouponRestoration, CouponUsed,
    Event, OrderAwaitingPayment, OrderCancelled, OrderCompleted, OrderCreated, OrderNote, PointRequest,
    PointRestoration, RestorationType, Sold, StockRequest, StockRestoration,
};
use crate::handlers::participants;
use crate::reactions::report_event;
use crate::rows::{ClaimKey, CustomerKey, HoldingKey, OrderKey, OrderRow, Timer, TimerKey, TimerKind};
use crate::unit::{Halt, Handled, Step, Unit};

/// Places an order: priced from the catalogue, written down, and on its way.
pub(crate) fn place(unit: &mut Unit<'_>, wanted: &PlaceOrder) -> Handled {
    let lines = price_lines(unit, &wanted.items)?;
    let coupon = wanted_coupon(unit, wanted)?;
    let id = unit.ids.order();
    let number = unit.settings.codec.order(id);
    let placement = Placement {
        id,
        number: number.clone(),
        user: wanted.user,
        mode: wanted.mode.unwrap_or(unit.settings.mode),
        payment: wanted.payment,
        pay_within: unit.settings.pay_within,
        lines,
        coupon,
        points: wanted.points,
        total_shown: wanted.total_shown,
        receiver: wanted.receiver.clone(),
        warehouse_storage: wanted.warehouse_storage,
    };
    let command = order::Command::Place(Box::new(placement));
    let events = order::decide(None, &command, unit.now).map_err(refusal)?;

    let mut customer = unit.customer(wanted.user)?;
    let previous = customer.last_order.replace(id);
    unit.rows.customers.put(CustomerKey(wanted.user), customer);
    let mut order = None;
    for event in &events {
        order::evolve(&mut order, event, unit.now);
    }
    let order = order.expect("placing creates the order");
    declare_new(unit, &order);
    unit.rows.orders.put(OrderKey(id), OrderRow { order: order.clone(), previous });
    unit.publish_of(created_event(unit, &order.created), &order)?;
    match order.created.mode {
        Mode::Parallel => request_claims(unit, &order)?,
        Mode::Atomic => claim_at_once(unit, &order)?,
    }
    Ok(Answer::OrderPlaced { order: id, number })
}

/// Takes an order back before it is completed.
pub(crate) fn cancel(unit: &mut Unit<'_>, id: OrderId, by: order::Canceller) -> Handled {
    advance(unit, id, &order::Command::Cancel { by })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Asks again for the restorations of an order that got stuck.
pub(crate) fn resume(unit: &mut Unit<'_>, id: OrderId) -> Handled {
    advance(unit, id, &order::Command::Resume)?;
    Ok(Answer::OrderChanged { order: id })
}

/// Takes in a participant's answer. The one collector of every order (O-09).
pub(crate) fn collect(unit: &mut Unit<'_>, id: OrderId, step: SagaStep, (report, at): (Report, Timestamp)) -> Step {
    advance(unit, id, &order::Command::Collect { step, report, at })
}

/// Looks at an order whose answers are overdue, unless the timer was moved or cleared meanwhile.
pub(crate) fn fire_timer(unit: &mut Unit<'_>, id: OrderId, due: Timestamp) -> Step {
    let Some(timer) = unit.rows.timers.get(TimerKey(id))?.copied().filter(|timer| timer.due == due) else {
        return Ok(());
    };
    unit.rows.timers.remove(TimerKey(id));
    match timer.kind {
        TimerKind::Claims => advance(unit, id, &order::Command::GiveUp),
        TimerKind::Restorations { asked } if asked >= unit.settings.restorations_max => {
            advance(unit, id, &order::Command::Stick)
        }
        TimerKind::Restorations { asked } => {
            let order = unit.order(id)?.order;
            let steps: Vec<SagaStep> = order.saga.to_restore().collect();
            set_timer(unit, id, TimerKind::Restorations { asked: asked + 1 });
            request_restorations(unit, &order, &steps)
        }
    }
}

/// Decides a command on an order, folds what happened, and does what follows from it.
fn advance(unit: &mut Unit<'_>, id: OrderId, command: &order::Command) -> Step {
    let OrderRow { order, previous } = unit.order(id)?;
    let events = order::decide(Some(&order), command, unit.now).map_err(refusal)?;
    let mut order = Some(order);
    for event in &events {
        order::evolve(&mut order, event, unit.now);
        let after = order.as_ref().expect("the order was looked up above");
        unit.rows.orders.put(OrderKey(id), OrderRow { order: after.clone(), previous });
        follow(unit, after, event)?;
    }
    Ok(())
}

/// Does what an event of the order means for everybody else.
fn follow(unit: &mut Unit<'_>, order: &Order, event: &order::Event) -> Step {
    let number = order.created.number.clone();
    match event {
        order::Event::Created(_) | order::Event::Reported { .. } => Ok(()),
        order::Event::AwaitingPayment { pay_before } => {
            unit.rows.timers.remove(TimerKey(order.id()));
            let event = OrderAwaitingPayment {
                order_id: number,
                user_id: order.user(),
                amount_due: order.created.due,
                pay_before: *pay_before,
            };
            unit.publish_of(Event::OrderAwaitingPayment(event), order)
        }
        order::Event::Completed => complete(unit, order),
        order::Event::CompensationRequired { reason, steps } => {
            let event = CompensationRequired { order_id: number, reason: *reason, steps: steps.clone() };
            unit.publish_of(Event::CompensationRequired(event), order)?;
            set_timer(unit, order.id(), TimerKind::Restorations { asked: 1 });
            request_restorations(unit, order, steps)
        }
        order::Event::CompensationStuck => {
            unit.publish_of(Event::CompensationStuck(OrderNote { order_id: number }), order)
        }
        order::Event::CompensationResumed { steps } => {
            let event = CompensationResumed { order_id: number, steps: steps.clone() };
            unit.publish_of(Event::CompensationResumed(event), order)?;
            set_timer(unit, order.id(), TimerKind::Restorations { asked: 1 });
            request_restorations(unit, order, steps)
        }
        order::Event::Cancelled { reason } => cancelled(unit, order, *reason),
    }
}

/// Everything is claimed and nothing more is due: the goods leave the stock in the same commit.
fn complete(unit: &mut Unit<'_>, order: &Order) -> Step {
    let created = &order.created;
    for line in &created.lines {
        participants::sell_stock(unit, line.product, line.quantity)?;
    }
    forget(unit, order);
    if let Some(used) = used_coupon(unit, order)? {
        unit.publish(Event::CouponUsed(used))?;
    }
    let event = OrderCompleted {
        order_id: created.number.clone(),
        order_number: created.number.clone(),
        user_id: created.user,
        products: created.lines.iter().map(|line| Sold { id: line.product, qty: line.quantity }).collect(),
        total_amount: created.total - created.discount,
        order_created_at: created.at,
        completed_at: unit.now,
    };
    unit.publish_of(Event::OrderCompleted(event), order)
}

fn cancelled(unit: &mut Unit<'_>, order: &Order, reason: Reason) -> Step {
    forget(unit, order);
    let order_id = order.created.number.clone();
    // Also where every restoration that was asked for turned out to be of nothing.
    if matches!(order.saga.direction, Direction::Restoring(_)) {
        let event = CompensationCompleted { order_id: order_id.clone(), reason };
        unit.record(Event::CompensationCompleted(event), Some((order.id(), None)));
    }
    let event = OrderCancelled { order_id, user_id: order.user(), reason };
    unit.publish_of(Event::OrderCancelled(event), order)
}

/// Claims and timer live as long as the saga.
fn forget(unit: &mut Unit<'_>, order: &Order) {
    unit.rows.timers.remove(TimerKey(order.id()));
    for record in &order.saga.steps {
        participants::forget_claim(unit, order.id(), record.step);
    }
}

fn used_coupon(unit: &Unit<'_>, order: &Order) -> Step<Option<CouponUsed>> {
    let Some(wanted) = order.created.coupon else { return Ok(None) };
    let holding = unit.rows.holdings.get(HoldingKey { campaign: wanted.campaign, user: order.user() })?;
    let used = holding.and_then(|holding| holding.coupons.iter().find(|coupon| coupon.used_order == Some(order.id())));
    Ok(used.map(|coupon| CouponUsed {
        user_coupon_id: coupon.code.clone(),
        user_id: order.user(),
        order_id: order.created.number.clone(),
        discount_amount: order.created.discount,
        used_at: unit.now,
    }))
}

/// Parallel mode: every request goes out at once (O-03).
fn request_claims(unit: &mut Unit<'_>, order: &Order) -> Step {
    set_timer(unit, order.id(), TimerKind::Claims);
    for record in &order.saga.steps {
        let request = claim_request(unit, order, record.step);
        unit.publish(request)?;
    }
    Ok(())
}

/// Atomic mode: everything is claimed in this one decision, or nothing is.
fn claim_at_once(unit: &mut Unit<'_>, order: &Order) -> Step {
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
fn request_restorations(unit: &mut Unit<'_>, order: &Order, steps: &[SagaStep]) -> Step {
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

fn set_timer(unit: &mut Unit<'_>, order: OrderId, kind: TimerKind) {
    let due = unit.now + unit.settings.step_deadline;
    unit.rows.timers.put(TimerKey(order), Timer { due, kind });
}

/// Nothing in the store can be about an order whose number was made just now.
fn declare_new(unit: &mut Unit<'_>, order: &Order) {
    unit.rows.orders.known_absent(OrderKey(order.id()));
    unit.rows.timers.known_absent(TimerKey(order.id()));
    for record in &order.saga.steps {
        unit.rows.claims.known_absent(ClaimKey { order: order.id(), step: record.step });
    }
}

fn price_lines(unit: &Unit<'_>, items: &[(ProductId, i64)]) -> Step<Vec<Line>> {
    let mut lines = vec![];
    for (product, quantity) in order::merge_lines(items.iter().copied()) {
        let Some(found) = unit.rows.products.get(product)? else {
            let line = items.iter().position(|(item, _)| *item == product);
            return Err(Halt::Refused(Refusal::ProductNotFound { line }));
        };
        lines.push(Line { product, name: Arc::clone(&found.name), quantity, unit_price: found.price });
    }
    Ok(lines)
}

/// The coupon and its terms. A campaign that exists gives a price even to somebody who holds none: he is refused later.
fn wanted_coupon(unit: &Unit<'_>, wanted: &PlaceOrder) -> Step<Option<(CouponWanted, domain::pricing::Discount)>> {
    let Some((campaign, coupon)) = wanted.coupon else { return Ok(None) };
    let terms: Option<&Campaign> = unit.rows.campaigns.get(campaign)?;
    let terms = terms.ok_or(Halt::Refused(Refusal::CouponNotFound))?;
    Ok(Some((CouponWanted { campaign, coupon }, terms.discount)))
}

fn created_event(unit: &Unit<'_>, created: &Created) -> Event {
    let coupon = created.coupon.and_then(|wanted| wanted.coupon);
    Event::OrderCreated(OrderCreated {
        order_id: created.number.clone(),
        user_id: created.user,
        mode: created.mode,
        payment: created.payment,
        pay_within_seconds: created.pay_within.as_secs(),
        items: created.lines.clone(),
        coupon_id: created.coupon.map(|wanted| wanted.campaign),
        user_coupon_id: coupon.map(|coupon| unit.settings.codec.coupon(coupon)),
        total_price: created.total,
        discount_price: created.discount,
        points_used: created.points,
        amount_due: created.due,
        warehouse_storage: created.warehouse_storage,
        total_steps: 1 + usize::from(created.coupon.is_some()) + usize::from(!created.points.is_zero()),
        created_at: created.at,
    })
}

const fn refusal(rejection: order::Rejection) -> Refusal {
    match rejection {
        order::Rejection::PriceChanged { total } => Refusal::PriceChanged { total },
        order::Rejection::PointsAbovePayable { payable } => Refusal::PointsAbovePayable { payable },
        order::Rejection::NotCancellable => Refusal::OrderNotCancellable,
        order::Rejection::NotStuck => Refusal::OrderNotStuck,
    }
}
