//! Orders and their saga (O-01…O-16, O-22, O-23). [`order_saga`] decides what to do next; this file does it.

pub(crate) mod cards;
pub(crate) mod claiming;
pub(crate) mod demand;
mod drop_lines;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod process;
pub(crate) mod request;
pub(crate) mod steps;

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{OrderId, ProductId, UserId};
use domain::order::saga::{Report, Step as SagaStep};
use domain::order::{self, Basket, CouponWanted, Created, Line, Mode, Modes, Order, Placement, Rule, fulfilment};
use domain::time::Timestamp;

use crate::commands::PlaceOrder;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Halt, Handled};
use crate::commands::order::process::{advance, apply, collect, give_up, refusal};
use crate::events::event::{Event, OrderCreated};
use crate::state::rows::{ClaimKey, CustomerKey, OrderKey, OrderRow, ShipmentKey, StorageKey, TimerKey, TimerKind};

/// Places an order: prices it from the catalogue, writes it and starts its claims.
pub(crate) fn place(context: &mut Context<'_>, wanted: &PlaceOrder) -> Answered {
    let lines = price_lines(context, &wanted.items)?;
    let coupon = wanted_coupon(context, wanted)?;
    let (mode, chosen_by) = mode_of(context, wanted, lines.len());
    let id = context.ids.order();
    limits::count(context, id, wanted, &lines)?;
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
    cards::check(context, &order)?;
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
    by: order::Canceller,
    note: Option<&Arc<str>>,
) -> Answered {
    apply(context, id, &order::Command::Cancel { by, note: note.cloned() })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Retries the restorations of a stuck order.
pub(crate) fn resume(context: &mut Context<'_>, id: OrderId) -> Answered {
    apply(context, id, &order::Command::Resume)?;
    Ok(Answer::OrderChanged { order: id })
}

/// Gives the customer more time to pay: after the deadline, or from now on if it has passed.
pub(crate) fn extend_hold(context: &mut Context<'_>, id: OrderId, by: UserId, more: Duration) -> Answered {
    let order = context.order(id)?.order;
    let pay_before = order.pay_before.map_or(context.now, |before| before.max(context.now)) + more;
    advance(context, id, fulfilment::Command::ExtendHold { by, pay_before })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Resolves a stuck order: what it holds is restored in this commit, and the order records the operator and the reason.
pub(crate) fn resolve(context: &mut Context<'_>, id: OrderId, by: UserId, reason: &Arc<str>) -> Answered {
    apply(context, id, &order::Command::Resolve { by, reason: Arc::clone(reason) })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Handles a step's report from an event, if it is true and new.
pub(crate) fn take_report(
    context: &mut Context<'_>,
    id: OrderId,
    step: SagaStep,
    report: Report,
    at: Timestamp,
) -> Handled {
    if request::is_report_due(context, id, step, report)? { collect(context, id, step, report, at) } else { Ok(()) }
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
            steps::set_restoration_timer(context, id, asked + 1);
            steps::request_restorations(context, &order)
        }
    }
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
        let Some(found) = context.product_snapshot(product)? else {
            let line = items.iter().position(|(item, _)| *item == product);
            return Err(Halt::Refused(Refusal::ProductNotFound { line }));
        };
        let (name, unit_price, drop) = (Arc::clone(&found.name), found.price, found.drop);
        lines.push(Line { product, name, quantity, unit_price, drop });
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
    let terms = context.campaign_snapshot(campaign)?.ok_or(Halt::Refused(Refusal::CouponNotFound))?;
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
