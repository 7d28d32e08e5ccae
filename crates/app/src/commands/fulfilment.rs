//! An order after claiming: what its own events mean for stock, coupon, points, money and goods.

pub(crate) mod payment_events;
pub(crate) mod payments;
pub(crate) mod refunds;
pub(crate) mod shipments;

use domain::ids::OrderId;
use domain::order::{self, Order, Outcome, fulfilment};
use domain::payment::{Method, UNAVAILABLE};

use crate::commands::ProcessOrder;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::order::advance;
use crate::events::event::{
    Event, OrderGoodsArrived, OrderProcessingFailed, OrderProcessingRequested, OrderRefundAsked, OrderRefundRejected,
    OrderReturned, OrderStatusChanged, ProcessingRequest,
};

use crate::commands::context::{Answered, Context, Handled};
use crate::state::rows::{ContactKey, ShipmentKey, Timer, TimerKey, TimerKind};

/// Requests payment and shipment in one step. A repeat changes nothing (O-35, T14).
pub(crate) fn process(context: &mut Context<'_>, wanted: &ProcessOrder) -> Answered {
    let ProcessOrder { order, method, receiver, warehouse_storage } = wanted;
    let (method, receiver, warehouse_storage) = (*method, receiver.clone(), *warehouse_storage);
    advance(context, *order, fulfilment::Command::Process { method, receiver, warehouse_storage })?;
    let after = context.order(*order)?.order;
    if is_paid_otherwise(context, &after, method)? {
        return Err(Refusal::PaymentInProgress.into());
    }
    // A parcel that waits for the carrier is redirected in this commit: later it may have been shipped.
    if context.rows.shipments.get(ShipmentKey(*order))?.is_some() {
        shipments::dispatch(context, &after)?;
    }
    Ok(Answer::OrderChanged { order: *order })
}

/// Returns true if the order is being paid by another method than the requested one.
fn is_paid_otherwise(context: &Context<'_>, order: &Order, method: Option<Method>) -> Handled<bool> {
    if order.outcome != Outcome::AwaitingPayment {
        return Ok(false);
    }
    let payment = payments::of(context, order.id())?.filter(domain::payment::Payment::is_under_way);
    Ok(payment.zip(method).is_some_and(|(payment, method)| payment.method != method))
}

/// Handles the requests of [`process`] (O-32): pays what is due first; the goods go in the commit of the capture.
pub(crate) fn process_order(context: &mut Context<'_>, id: OrderId, method: Option<Method>) -> Handled {
    let order = context.order(id)?.order;
    match order.outcome {
        Outcome::AwaitingPayment => {
            let is_under_way = payments::of(context, id)?.is_some_and(|payment| payment.is_under_way());
            if is_under_way || !order.is_processing {
                context.skip();
                return Ok(());
            }
            payments::start(context, &order, method.unwrap_or(Method::General)).map(|_| ())
        }
        Outcome::Completed => shipments::dispatch(context, &order),
        Outcome::Pending | Outcome::Compensating | Outcome::Cancelled | Outcome::CompensationStuck => Ok(()),
    }
}

/// Sets the timer that expires the order when its time to pay is over.
pub(crate) fn await_payment(context: &mut Context<'_>, order: &Order, pay_before: domain::time::Timestamp) {
    context.rows.timers.put(TimerKey(order.id()), Timer { due: pay_before, kind: TimerKind::Payment });
}

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
            refunds::give_back(context, order, back)?;
            Event::OrderReturned(OrderReturned {
                order_id,
                user_id,
                products: refunds::told(&back.lines),
                refund_amount: back.money,
                points_restored: back.points,
                is_last: back.is_last,
                refund_reason: back.note.clone(),
                goods: back.goods,
                sold_at: Some(order.completed_at.unwrap_or(order.created.at)),
            })
        }
        order::Event::RefundAsked { lines, note } => Event::OrderRefundAsked(OrderRefundAsked {
            order_id,
            user_id,
            products: refunds::told(lines),
            refund_reason: note.clone(),
        }),
        order::Event::RefundRejected { note } => {
            Event::OrderRefundRejected(OrderRefundRejected { order_id, user_id, reject_reason: note.clone() })
        }
        order::Event::GoodsArrived { lines, is_written_off } => {
            refunds::arrived(context, lines, *is_written_off)?;
            let (products, written_off) = (refunds::told(lines), *is_written_off);
            Event::OrderGoodsArrived(OrderGoodsArrived { order_id, user_id, products, written_off })
        }
        order::Event::ProcessingRequested { method, receiver, warehouse_storage } => {
            let (method, warehouse_storage) = (*method, *warehouse_storage);
            let user_email = context.rows.contacts.get(ContactKey(user_id))?.cloned();
            let request = ProcessingRequest { method, has_receiver: receiver.is_some(), warehouse_storage };
            Event::OrderProcessingRequested(OrderProcessingRequested {
                order_id,
                user_id,
                user_email,
                method,
                warehouse_storage,
                request: Some(request),
                retry_count: 0,
                event_created_at: context.now,
            })
        }
        order::Event::ProcessingFailed { code } => {
            let (code, retryable) = (code.clone(), **code == *UNAVAILABLE);
            Event::OrderProcessingFailed(OrderProcessingFailed { order_id, user_id, code, retryable })
        }
        _ => return Ok(()),
    };
    context.publish_of(event, order)
}
