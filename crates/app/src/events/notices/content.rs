//! The content of notices as data: the same for the notices in the store and for notifications outside of the shop.

use domain::ids::{CampaignId, Code, UserId};
use domain::order::{Outcome, Status};
use serde::Serialize;

use super::{NoticeKind, OrderChange};
use crate::events::event::{
    CouponIssued, Event, OrderProcessingFailed, OrderRefundRejected, OrderReturned, PaymentFailed, PaymentStuck,
};

/// A notice for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub user: UserId,
    pub kind: NoticeKind,
    /// A JSON object.
    pub data: String,
}

/// Returns what an event says to its customer; `None` if it says nothing.
pub fn of_event(event: &Event) -> Option<Content> {
    if let Some(OrderNews { user, order, change }) = order_news(event) {
        // Only an event of an older version has no status.
        let status = change.status.unwrap_or(Status::Created);
        return user.map(|user| Content { user, kind: change.kind, data: of_order(order, change, status) });
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "other events are of no concern to a customer")]
    let (user, kind, data) = match event {
        Event::CouponIssued(issued) => (issued.user_id, NoticeKind::CouponIssued, of_coupon(issued)),
        Event::OrderReturned(returned) if !returned.is_last => {
            (returned.user_id, NoticeKind::OrderRefunded, of_return(returned))
        }
        Event::OrderRefundRejected(rejected) => {
            (rejected.user_id, NoticeKind::OrderRefundRejected, of_rejection(rejected))
        }
        Event::OrderProcessingFailed(failed) => (failed.user_id, NoticeKind::OrderFailed, of_processing(failed)),
        Event::PaymentFailed(failed) => (failed.user_id, NoticeKind::PaymentFailed, of_payment(failed)),
        Event::PaymentStuck(stuck) if !stuck.is_again => {
            (stuck.user_id, NoticeKind::RefundDelayed, of_delayed_refund(stuck))
        }
        _ => return None,
    };
    Some(Content { user, kind, data })
}

/// An event that changes an order's outcome or status.
pub(crate) struct OrderNews<'a> {
    /// `None` in an event of an older version.
    pub(crate) user: Option<UserId>,
    pub(crate) order: &'a Code,
    pub(crate) change: OrderChange,
}

pub(crate) fn order_news(event: &Event) -> Option<OrderNews<'_>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other events do not change an order's outcome or status")]
    let (user, order, change) = match event {
        Event::OrderAwaitingPayment(event) => {
            let change = OrderChange::of(Outcome::AwaitingPayment, Some(Status::PendingPayment), None);
            (Some(event.user_id), &event.order_id, change)
        }
        Event::OrderCompleted(event) => {
            let change = OrderChange::of(Outcome::Completed, event.status, None);
            let change = OrderChange { kind: NoticeKind::OrderCompleted, ..change };
            (Some(event.user_id), &event.order_id, change)
        }
        Event::OrderCancelled(event) => {
            let change = OrderChange::of(Outcome::Cancelled, Some(Status::Cancelled), Some(event.reason));
            let change = OrderChange { kind: NoticeKind::OrderCancelled, ..change };
            (Some(event.user_id), &event.order_id, change)
        }
        // Only an order that completed its claims has a life cycle.
        Event::OrderStatusChanged(event) => {
            let change = OrderChange::of(Outcome::Completed, Some(event.status), event.reason);
            (Some(event.user_id), &event.order_id, change)
        }
        Event::CompensationStuck(event) => {
            (event.user_id, &event.order_id, OrderChange::of(Outcome::CompensationStuck, event.status, None))
        }
        _ => return None,
    };
    Some(OrderNews { user, order, change })
}

pub(crate) fn of_order(order: &Code, change: OrderChange, status: Status) -> String {
    json(&OrderData {
        order_id: order,
        order_number: order,
        outcome: change.outcome.name(),
        status: status.name(),
        reason: change.reason.map(domain::reason::Reason::code),
    })
}

pub(crate) fn of_processing(failed: &OrderProcessingFailed) -> String {
    let data = serde_json::json!({
        "orderId": failed.order_id,
        "orderNumber": failed.order_id,
        "status": "FAILED",
        "code": failed.code,
        "retryable": failed.retryable,
    });
    data.to_string()
}

pub(crate) fn of_payment(failed: &PaymentFailed) -> String {
    let data = serde_json::json!({
        "orderId": failed.order_id,
        "orderNumber": failed.order_id,
        "paymentId": failed.payment_id,
        "status": "FAILED",
        "code": failed.code,
        "amount": failed.amount,
    });
    data.to_string()
}

pub(crate) fn of_delayed_refund(stuck: &PaymentStuck) -> String {
    let data = serde_json::json!({
        "orderId": stuck.order_id,
        "orderNumber": stuck.order_id,
        "paymentId": stuck.payment_id,
        "status": "DELAYED",
        "operation": stuck.operation,
        "amount": stuck.amount,
    });
    data.to_string()
}

pub(crate) fn of_return(returned: &OrderReturned) -> String {
    let items = returned.products.iter().map(|sold| serde_json::json!({"productId": sold.id, "quantity": sold.qty}));
    let mut data = serde_json::json!({
        "orderId": returned.order_id,
        "orderNumber": returned.order_id,
        "items": items.collect::<Vec<_>>(),
        "refundAmount": returned.refund_amount,
        "pointsRestored": returned.points_restored,
    });
    if !returned.no_longer_due.is_zero() {
        data["noLongerDue"] = returned.no_longer_due.amount().into();
    }
    data.to_string()
}

pub(crate) fn of_rejection(rejected: &OrderRefundRejected) -> String {
    let data = serde_json::json!({
        "orderId": rejected.order_id,
        "orderNumber": rejected.order_id,
        "rejectReason": rejected.reject_reason,
    });
    data.to_string()
}

pub(crate) fn of_coupon(issued: &CouponIssued) -> String {
    json(&CouponData {
        success: true,
        coupon_id: issued.coupon_id,
        coupon_name: &issued.coupon_name,
        user_coupon_id: &issued.user_coupon_id,
        coupon_history_id: &issued.user_coupon_id,
        issue_number: issued.issue_number,
    })
}

/// The data of most notices, serialized from a struct: a `serde_json::Value` costs more than the notice's row.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderData<'a> {
    order_id: &'a Code,
    order_number: &'a Code,
    outcome: &'static str,
    status: &'static str,
    reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CouponData<'a> {
    success: bool,
    coupon_id: CampaignId,
    coupon_name: &'a str,
    user_coupon_id: &'a Code,
    coupon_history_id: &'a Code,
    issue_number: i64,
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("notices are plain structs with string keys")
}
