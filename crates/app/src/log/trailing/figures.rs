//! The amounts that one event adds to the statistics. The audit counts with the same functions.

use std::sync::Arc;

use domain::ids::CampaignId;
use domain::money::Money;

use crate::events::event::{Event, EventKind, OrderCreated, StepReport};

pub const ISSUED: &str = "issued";
pub const USED: &str = "used";
pub const RESTORED: &str = "restored";
pub const PLACED: &str = "placed";
pub const COMPLETED: &str = "completed";
pub const CANCELLED: &str = "cancelled";
/// Orders of which nothing is left.
pub const REFUNDED: &str = "refunded";
/// Money for completed orders, paid or due on delivery: their price less discount and points.
pub const REVENUE: &str = "revenue";
pub const DISCOUNT: &str = "discount";
pub const POINTS: &str = "points";
pub const REFUNDED_AMOUNT: &str = "refunded_amount";
/// Refused coupons by the code of the refusal.
pub const REFUSED: &str = "refused:";
/// Cancelled orders by their reason.
pub const BY_REASON: &str = "reason:";
/// Placed orders by their mode.
pub const BY_MODE: &str = "mode:";

/// The events that are counted about coupons.
pub const OF_COUPONS: &[EventKind] = &[
    EventKind::CouponIssued,
    EventKind::CouponResult,
    EventKind::CouponUsageCompleted,
    EventKind::CouponRestored,
    EventKind::OrderReturned,
];
/// The events that are counted about orders.
pub const OF_ORDERS: &[EventKind] =
    &[EventKind::OrderCreated, EventKind::OrderCompleted, EventKind::OrderCancelled, EventKind::OrderReturned];

/// Returns the campaign that an event about coupons counts for, and the figure that it adds 1 to.
pub fn of_coupon(event: &Event) -> Option<(CampaignId, Arc<str>)> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other events are not about coupons")]
    match event {
        Event::CouponIssued(issued) => Some((issued.coupon_id, ISSUED.into())),
        Event::CouponResult(result) => {
            Some((result.coupon_id, format!("{REFUSED}{}", result.result_code.problem_code()?).into()))
        }
        // A repeated report moves no coupon, and names none.
        Event::CouponUsageCompleted(StepReport { coupon_id, .. }) => Some(((*coupon_id)?, USED.into())),
        Event::CouponRestored(StepReport { coupon_id, .. }) => Some(((*coupon_id)?, RESTORED.into())),
        Event::OrderReturned(returned) => Some((returned.coupon_restored?, RESTORED.into())),
        _ => None,
    }
}

/// Calls `add` with every figure of the whole shop that an event about orders adds to.
pub fn of_order(event: &Event, mut add: impl FnMut(Arc<str>, i64)) {
    let money = |figure: &'static str, amount: Money| (figure, amount.amount());
    #[expect(clippy::wildcard_enum_match_arm, reason = "other events are not about orders")]
    match event {
        Event::OrderCreated(OrderCreated { mode, .. }) => {
            add(PLACED.into(), 1);
            add(format!("{BY_MODE}{}", mode.name()).into(), 1);
        }
        Event::OrderCompleted(completed) => {
            add(COMPLETED.into(), 1);
            let amounts = [
                money(REVENUE, completed.amount_due),
                money(DISCOUNT, completed.discount_amount),
                money(POINTS, completed.points_used),
            ];
            amounts
                .into_iter()
                .filter(|(_, amount)| *amount != 0)
                .for_each(|(figure, amount)| add(figure.into(), amount));
        }
        Event::OrderCancelled(cancelled) => {
            add(CANCELLED.into(), 1);
            add(format!("{BY_REASON}{}", cancelled.reason.code()).into(), 1);
        }
        Event::OrderReturned(returned) => {
            if returned.is_last {
                add(REFUNDED.into(), 1);
            }
            let worth = returned.worth();
            if !worth.is_zero() {
                add(REFUNDED_AMOUNT.into(), worth.amount());
            }
        }
        _ => {}
    }
}
