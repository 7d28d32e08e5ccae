//! The requests of an order's saga: claims, their restorations, and the timers behind them (O-03, O-12, O-13, O-17).

use std::time::Duration;

use domain::ids::OrderId;
use domain::order::Order;
use domain::order::saga::{Report, Step};

use crate::commands::context::{Context, Handled};
use crate::commands::order::demand::Demand;
use crate::commands::participants;
use crate::events::event::{
    CouponRequest, CouponRestoration, Event, PointRequest, PointRestoration, RestorationType, StockRequest,
    StockRestoration,
};
use crate::log::reactions::report_event;
use crate::state::rows::{Timer, TimerKey, TimerKind};

/// Requests every step that is due and has not answered.
pub(crate) fn request_claims(context: &mut Context<'_>, order: &Order) -> Handled {
    set_claim_timer(context, order);
    for step in order.saga.asked() {
        let request = claim_request(context, order, Demand::of(order, step)?);
        context.publish(request)?;
    }
    Ok(())
}

/// Requests the next restorations of what may have been claimed: points, then the coupon, then stock, each after the
/// one before is done (O-12, O-13).
pub(crate) fn request_restorations(context: &mut Context<'_>, order: &Order) -> Handled {
    for step in order.saga.to_ask_back() {
        let request = restoration_request(context, order, Demand::of(order, step)?);
        context.publish(request)?;
    }
    Ok(())
}

/// Restores at once what participants have not reported as restored, for an operator.
pub(crate) fn restore_at_once(context: &mut Context<'_>, order: &Order, steps: &[Step]) -> Handled {
    for step in steps {
        let moved = participants::restore(context, order.id(), Demand::of(order, *step)?)?;
        let event = report_event(*step, Report::Restored, moved, order.created.number.clone());
        context.record(event, Some((order.id(), None)));
    }
    Ok(())
}

/// Sets the timer to the step's time-out, at most to the order's deadline.
fn set_claim_timer(context: &mut Context<'_>, order: &Order) {
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

fn claim_request(context: &Context<'_>, order: &Order, demand: Demand) -> Event {
    let order_id = order.created.number.clone();
    match demand {
        Demand::Stock { product, quantity } => {
            Event::StockDeductionRequested(StockRequest { order_id, product_id: product, quantity })
        }
        Demand::Coupon { user, wanted } => Event::CouponUsageRequested(CouponRequest {
            order_id,
            user_id: user,
            coupon_id: wanted.campaign,
            user_coupon_id: wanted.coupon.map(|coupon| context.settings.codec.coupon(coupon)),
        }),
        Demand::Points { user, amount } => {
            Event::PointDeductionRequested(PointRequest { order_id, user_id: user, points: amount })
        }
    }
}

fn restoration_request(context: &Context<'_>, order: &Order, demand: Demand) -> Event {
    let (order_id, timestamp) = (order.created.number.clone(), context.now);
    match demand {
        Demand::Stock { product, quantity } => Event::StockRestorationRequired(StockRestoration {
            order_id,
            product_id: product,
            quantity,
            event_type: RestorationType::StockRestorationRequired,
            timestamp,
        }),
        Demand::Coupon { user, wanted } => Event::CouponRestorationRequired(CouponRestoration {
            order_id,
            user_id: user,
            coupon_id: wanted.campaign,
            event_type: RestorationType::CouponRestorationRequired,
            timestamp,
        }),
        Demand::Points { user, amount } => Event::PointRestorationRequired(PointRestoration {
            order_id,
            user_id: user,
            points: amount,
            event_type: RestorationType::PointRestorationRequired,
            timestamp,
        }),
    }
}
