//! Notices to users: one gapless sequence each, written in the commit of their cause (N-01…N-03).

pub(crate) mod alerts;
pub(crate) mod webhooks;

use domain::ids::{CampaignId, Code, OrderId, UserId};
use domain::order::Order;
use serde::Serialize;

use crate::commands::context::{Context, Handled};
use crate::commands::order::request;
use crate::events::event::{
    CouponIssued, CouponResult, OrderProcessingFailed, OrderRefundRejected, OrderReturned, PaymentFailed, PaymentStuck,
};
use crate::events::notices::{NoticeKind, OrderChange};
use crate::state::rows::{CustomerKey, Notice, OrderKey};

/// Writes the notice of an order that ended, got stuck, or needs its customer. The notice describes the change,
/// whatever the order's state is now.
pub(crate) fn order(context: &mut Context<'_>, user: Option<UserId>, order: OrderId, change: OrderChange) -> Handled {
    let Some(user) = user else {
        context.skip();
        return Ok(());
    };
    let Some(row) = context.rows.orders.get(OrderKey(order))?.filter(|row| row.order.user() == user) else {
        return Err(request::forged("the customer has no such order"));
    };
    let data = order_data(&row.order, change);
    append(context, user, change.kind, data)
}

/// Writes the notice that payment and shipment in one step failed; the order may still be paid (N-04).
pub(crate) fn processing_failed(context: &mut Context<'_>, failed: &OrderProcessingFailed) -> Handled {
    let data = serde_json::json!({
        "orderId": failed.order_id,
        "orderNumber": failed.order_id,
        "status": "FAILED",
        "code": failed.code,
        "retryable": failed.retryable,
    });
    append(context, failed.user_id, NoticeKind::OrderFailed, data.to_string())
}

/// Writes the notice that a payment attempt failed; the order may still be paid.
pub(crate) fn payment_failed(context: &mut Context<'_>, failed: &PaymentFailed) -> Handled {
    let data = serde_json::json!({
        "orderId": failed.order_id,
        "orderNumber": failed.order_id,
        "paymentId": failed.payment_id,
        "status": "FAILED",
        "code": failed.code,
        "amount": failed.amount,
    });
    append(context, failed.user_id, NoticeKind::PaymentFailed, data.to_string())
}

/// Writes the notice that a refund is late; an operator takes care of it.
pub(crate) fn refund_delayed(context: &mut Context<'_>, stuck: &PaymentStuck) -> Handled {
    if stuck.is_again {
        // The customer was notified when it got stuck for the first time.
        return Ok(());
    }
    let data = serde_json::json!({
        "orderId": stuck.order_id,
        "orderNumber": stuck.order_id,
        "paymentId": stuck.payment_id,
        "status": "DELAYED",
        "operation": stuck.operation,
        "amount": stuck.amount,
    });
    append(context, stuck.user_id, NoticeKind::RefundDelayed, data.to_string())
}

/// Writes the notice that a part of an order was refunded. A full refund changes the status, which has its own notice.
pub(crate) fn returned(context: &mut Context<'_>, order: OrderId, returned: &OrderReturned) -> Handled {
    if request::known(context, order)?.user() != returned.user_id {
        return Err(request::forged("the customer has no such order"));
    }
    if returned.is_last {
        return Ok(());
    }
    let items = returned.products.iter().map(|sold| serde_json::json!({"productId": sold.id, "quantity": sold.qty}));
    let data = serde_json::json!({
        "orderId": returned.order_id,
        "orderNumber": returned.order_id,
        "items": items.collect::<Vec<_>>(),
        "refundAmount": returned.refund_amount,
        "pointsRestored": returned.points_restored,
    });
    append(context, returned.user_id, NoticeKind::OrderRefunded, data.to_string())
}

/// Writes the notice that the shop rejects a refund.
pub(crate) fn refund_rejected(context: &mut Context<'_>, order: OrderId, rejected: &OrderRefundRejected) -> Handled {
    if request::known(context, order)?.user() != rejected.user_id {
        return Err(request::forged("the customer has no such order"));
    }
    let data = serde_json::json!({
        "orderId": rejected.order_id,
        "orderNumber": rejected.order_id,
        "rejectReason": rejected.reject_reason,
    });
    append(context, rejected.user_id, NoticeKind::OrderRefundRejected, data.to_string())
}

/// Writes the notice of a coupon that was issued at once.
pub(crate) fn coupon(context: &mut Context<'_>, issued: &CouponIssued) -> Handled {
    if issued.request_id.is_some() {
        // The notice of the request's result covers it.
        return Ok(());
    }
    let data = json(&CouponData {
        success: true,
        coupon_id: issued.coupon_id,
        coupon_name: &issued.coupon_name,
        user_coupon_id: &issued.user_coupon_id,
        coupon_history_id: &issued.user_coupon_id,
        issue_number: issued.issue_number,
    });
    append(context, issued.user_id, NoticeKind::CouponIssued, data)
}

/// Writes the notice of a decided coupon request.
pub(crate) fn coupon_result(context: &mut Context<'_>, result: &CouponResult) -> Handled {
    let data = serde_json::json!({
        "success": result.success,
        "requestId": result.request_id,
        "couponId": result.coupon_id,
        "resultCode": result.result_code,
        "userCouponId": result.coupon_history_id,
        "couponHistoryId": result.coupon_history_id,
        "issueNumber": result.issue_number,
    });
    let kind = if result.success { NoticeKind::CouponIssued } else { NoticeKind::CouponRefused };
    append(context, result.user_id, kind, data.to_string())
}

fn order_data(order: &Order, change: OrderChange) -> String {
    let number = &order.created.number;
    json(&OrderData {
        order_id: number,
        order_number: number,
        outcome: change.outcome.name(),
        status: change.status.unwrap_or(order.status).name(),
        reason: change.reason.map(domain::reason::Reason::code),
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

fn append(context: &mut Context<'_>, user: UserId, kind: NoticeKind, data: String) -> Handled {
    let mut customer = context.customer(user)?;
    let id = context.ids.notice();
    customer.notices += 1;
    let previous = customer.last_notice.replace(id);
    let notice = Notice { id, user, number: customer.notices, kind: kind.name(), data, previous, at: context.now };
    context.rows.customers.put(CustomerKey(user), customer);
    context.rows.notices.push(notice);
    Ok(())
}
