//! Pays and ships an order in one step (O-32, O-35, T14).

pub(crate) mod booking;
pub(crate) mod events;
pub(crate) mod goods;
mod keys;
mod payment_events;
pub(crate) mod payments;
pub(crate) mod refunds;
mod returns;
pub(crate) mod shipments;
pub(crate) mod waiting;

use domain::ids::OrderId;
use domain::order::{Order, Outcome, fulfilment};
use domain::payment::Method;

use crate::commands::ProcessOrder;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::order::process::{advance, dispatch};
use crate::state::rows::ShipmentKey;
pub(crate) use keys::declare;

/// Requests payment and shipment in one step. A repeat changes nothing (O-35, T14).
pub(crate) fn process(context: &mut Context<'_>, wanted: &ProcessOrder) -> Answered {
    let ProcessOrder { order, method, receiver, warehouse_storage } = wanted;
    let (method, receiver, warehouse_storage) = (*method, receiver.clone(), *warehouse_storage);
    advance(context, *order, fulfilment::Command::Process { method, receiver, warehouse_storage })?;
    let after = context.order(*order)?.order;
    if is_paid_otherwise(context, &after, method)? {
        let is_paid = after.outcome == Outcome::Completed;
        return Err(if is_paid { Refusal::PaymentAlreadyPaid } else { Refusal::PaymentInProgress }.into());
    }
    // A parcel that waits for the carrier is redirected in this commit: later it may have been shipped.
    if context.rows.shipments.get(ShipmentKey(*order))?.is_some() {
        dispatch(context, &after)?;
    }
    Ok(Answer::OrderChanged { order: *order })
}

/// Returns true if the order is paid, or being paid, by another method than the requested one.
fn is_paid_otherwise(context: &Context<'_>, order: &Order, method: Option<Method>) -> Handled<bool> {
    let Some(method) = method else { return Ok(false) };
    let payment = booking::of(context, order.id())?.filter(|payment| payment.method != method);
    Ok(payment.is_some_and(|payment| payment.is_under_way() || order.outcome == Outcome::Completed))
}

/// Handles the requests of [`process`] (O-32): pays what is due first; the goods go in the commit of the capture.
pub(crate) fn process_order(context: &mut Context<'_>, id: OrderId, method: Option<Method>) -> Handled {
    let order = context.order(id)?.order;
    match order.outcome {
        Outcome::AwaitingPayment => {
            let is_under_way = booking::of(context, id)?.is_some_and(|payment| payment.is_under_way());
            if is_under_way || !order.is_processing {
                context.skip();
                return Ok(());
            }
            booking::start(context, &order, method.unwrap_or(Method::General), None).map(|_| ())
        }
        Outcome::Completed => dispatch(context, &order),
        Outcome::Pending | Outcome::Compensating | Outcome::Cancelled | Outcome::CompensationStuck => Ok(()),
    }
}
