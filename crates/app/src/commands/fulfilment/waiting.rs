//! What goes on only when its event reaches the consumer group.

use domain::ids::OrderId;
use domain::order::Outcome;
use domain::payment;

use crate::commands::context::{Context, Handled};
use crate::commands::fulfilment::booking;
use crate::state::rows::{OrderKey, OrderRow, ShipmentKey, StorageKey};

/// Returns true if the payment's operation becomes due with this request only.
pub(crate) fn waits_for_call(context: &Context<'_>, id: OrderId, attempt: i64, refund: i64) -> Handled<bool> {
    let command = payment::Command::Call { attempt, refund };
    let events = payment::decide(booking::of(context, id)?.as_ref(), &command, context.now);
    Ok(events.is_ok_and(|events| !events.is_empty()))
}

/// Returns true if the order is paid, or its goods are sent, with the request to process it only.
pub(crate) fn waits_to_be_processed(context: &Context<'_>, id: OrderId) -> Handled<bool> {
    let Some(OrderRow { order, .. }) = context.rows.orders.get(OrderKey(id))? else { return Ok(false) };
    match order.outcome {
        Outcome::AwaitingPayment => {
            let is_under_way = booking::of(context, id)?.is_some_and(|payment| payment.is_under_way());
            Ok(order.is_processing && !is_under_way)
        }
        Outcome::Completed => {
            let is_parcel = context.rows.shipments.get(ShipmentKey(id))?.is_some();
            let is_sent = is_parcel || context.rows.storages.get(StorageKey(id))?.is_some();
            Ok(order.has_destination() && order.status.is_cancellable() && !is_sent)
        }
        Outcome::Pending | Outcome::Compensating | Outcome::Cancelled | Outcome::CompensationStuck => Ok(false),
    }
}
