//! Notices to users: one gapless sequence each, written in the commit of their cause (N-01…N-03).

pub(crate) mod alerts;
pub(crate) mod notifications;
pub(crate) mod webhooks;

use domain::ids::{OrderId, UserId};

use crate::commands::context::{Context, Handled};
use crate::commands::order::request;
use crate::events::event::{
    CouponIssued, CouponResult, OrderProcessingFailed, OrderRefundRejected, OrderReturned, PaymentFailed, PaymentStuck,
};
use crate::events::notices::{NoticeKind, OrderChange, content};
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
    let data = content::of_order(&row.order.created.number, change, change.status.unwrap_or(row.order.status));
    append(context, user, change.kind, data)
}

/// Writes the notice that payment and shipment in one step failed; the order may still be paid (N-04).
pub(crate) fn processing_failed(context: &mut Context<'_>, failed: &OrderProcessingFailed) -> Handled {
    append(context, failed.user_id, NoticeKind::OrderFailed, content::of_processing(failed))
}

/// Writes the notice that a payment attempt failed; the order may still be paid.
pub(crate) fn payment_failed(context: &mut Context<'_>, failed: &PaymentFailed) -> Handled {
    append(context, failed.user_id, NoticeKind::PaymentFailed, content::of_payment(failed))
}

/// Writes the notice that a refund is late; an operator takes care of it.
pub(crate) fn refund_delayed(context: &mut Context<'_>, stuck: &PaymentStuck) -> Handled {
    if stuck.is_again {
        // The customer was notified when it got stuck for the first time.
        return Ok(());
    }
    append(context, stuck.user_id, NoticeKind::RefundDelayed, content::of_delayed_refund(stuck))
}

/// Writes the notice that a part of an order was refunded. A full refund changes the status, which has its own notice.
pub(crate) fn returned(context: &mut Context<'_>, order: OrderId, returned: &OrderReturned) -> Handled {
    if request::known(context, order)?.user() != returned.user_id {
        return Err(request::forged("the customer has no such order"));
    }
    if returned.is_last {
        return Ok(());
    }
    append(context, returned.user_id, NoticeKind::OrderRefunded, content::of_return(returned))
}

/// Writes the notice that the shop rejects a refund.
pub(crate) fn refund_rejected(context: &mut Context<'_>, order: OrderId, rejected: &OrderRefundRejected) -> Handled {
    if request::known(context, order)?.user() != rejected.user_id {
        return Err(request::forged("the customer has no such order"));
    }
    append(context, rejected.user_id, NoticeKind::OrderRefundRejected, content::of_rejection(rejected))
}

/// Writes the notice of a coupon that was issued at once.
pub(crate) fn coupon(context: &mut Context<'_>, issued: &CouponIssued) -> Handled {
    if issued.request_id.is_some() {
        // The notice of the request's result covers it.
        return Ok(());
    }
    append(context, issued.user_id, NoticeKind::CouponIssued, content::of_coupon(issued))
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
