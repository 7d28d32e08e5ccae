//! The events of an order after claiming: what they move, and how they are published.

use domain::ids::ProductId;
use domain::order::{self, Order, Outcome};
use domain::time::Timestamp;

use crate::commands::context::{Context, Handled};
use crate::commands::fulfilment::returns;
use crate::commands::order::limits;
use crate::events::event::{
    Event, OrderGoodsArrived, OrderHoldExtended, OrderProcessingFailed, OrderProcessingRequested, OrderRefundAsked,
    OrderRefundRejected, OrderReturned, OrderStatusChanged, ProcessingRequest, Sold,
};
use crate::state::rows::{ContactKey, Timer, TimerKey, TimerKind};

/// Applies the consequences of a fulfilment event.
pub(crate) fn follow(context: &mut Context<'_>, order: &Order, event: &order::Event) -> Handled {
    let (order_id, user_id) = (order.created.number.clone(), order.user());
    #[expect(clippy::wildcard_enum_match_arm, reason = "the order's other events are handled by its claiming")]
    let event = match event {
        order::Event::StatusChanged { status, reason, note } => {
            let (status, reason, cancel_reason) = (*status, *reason, note.clone());
            Event::OrderStatusChanged(OrderStatusChanged { order_id, user_id, status, reason, cancel_reason })
        }
        order::Event::Returned(back) => {
            returns::restore(context, order, back)?;
            limits::give_back(context, order, &back.lines)?;
            Event::OrderReturned(OrderReturned {
                order_id,
                user_id,
                products: sold(&back.lines),
                refund_amount: back.money,
                product_amounts: order.worth_of_last(&back.lines).iter().map(|worth| worth.money).collect(),
                no_longer_due: back.no_longer_due,
                points_restored: back.points,
                is_last: back.is_last,
                refund_reason: back.note.clone(),
                goods: back.goods,
                sold_at: Some(order.completed_at.unwrap_or(order.created.at)),
                coupon_restored: order.created.coupon.filter(|_| back.is_last).map(|wanted| wanted.campaign),
            })
        }
        order::Event::RefundAsked { lines, note } => Event::OrderRefundAsked(OrderRefundAsked {
            order_id,
            user_id,
            products: sold(lines),
            refund_reason: note.clone(),
        }),
        order::Event::RefundRejected { note } => {
            Event::OrderRefundRejected(OrderRefundRejected { order_id, user_id, reject_reason: note.clone() })
        }
        order::Event::GoodsArrived { lines, is_written_off } => {
            returns::arrived(context, lines, *is_written_off)?;
            let (products, written_off) = (sold(lines), *is_written_off);
            Event::OrderGoodsArrived(OrderGoodsArrived { order_id, user_id, products, written_off })
        }
        order::Event::HoldExtended { by, pay_before } => {
            move_timer(context, order, *pay_before)?;
            let (products, pay_before, extended_by) = (Sold::all_of(order), *pay_before, *by);
            Event::OrderHoldExtended(OrderHoldExtended { order_id, user_id, products, pay_before, extended_by })
        }
        order::Event::ProcessingRequested { method, receiver, warehouse_storage } => {
            let request = ProcessingRequest {
                method: *method,
                has_receiver: receiver.is_some(),
                warehouse_storage: *warehouse_storage,
            };
            Event::OrderProcessingRequested(requested(context, order, request)?)
        }
        order::Event::ProcessingFailed { code } => {
            let is_in_time = order.pay_before.is_none_or(|end| context.now < end);
            let (code, retryable) = (code.clone(), order.outcome == Outcome::AwaitingPayment && is_in_time);
            Event::OrderProcessingFailed(OrderProcessingFailed { order_id, user_id, code, retryable })
        }
        _ => return Ok(()),
    };
    context.publish_of(event, order)
}

fn requested(context: &Context<'_>, order: &Order, request: ProcessingRequest) -> Handled<OrderProcessingRequested> {
    Ok(OrderProcessingRequested {
        order_id: order.created.number.clone(),
        user_id: order.user(),
        user_email: context.rows.contacts.get(ContactKey(order.user()))?.cloned(),
        method: request.method,
        warehouse_storage: request.warehouse_storage,
        request: Some(request),
        retry_count: 0,
        event_created_at: context.now,
    })
}

/// An order that is being paid has no timer; the end of its payment sets one.
fn move_timer(context: &mut Context<'_>, order: &Order, due: Timestamp) -> Handled {
    if context.rows.timers.get(TimerKey(order.id()))?.is_some() {
        context.rows.timers.put(TimerKey(order.id()), Timer { due, kind: TimerKind::Payment });
    }
    Ok(())
}

fn sold(lines: &[(ProductId, i64)]) -> Vec<Sold> {
    lines.iter().map(|(product, units)| Sold { id: *product, qty: *units }).collect()
}
