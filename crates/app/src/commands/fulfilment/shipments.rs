//! Moves shipments and storages (O-33, O-34, P-04, P-05).

use std::sync::Arc;

use domain::ids::OrderId;
use domain::order::fulfilment;
use domain::shipment::{self, State as ShipmentState};
use domain::warehouse::{self, State as StorageState};

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Answered, Context};
use crate::commands::fulfilment::goods::{ship, store};
use crate::commands::order::process::advance;
use crate::state::rows::{ShipmentKey, StorageKey};

/// Moves the shipment to its next state, and the order with it.
pub(crate) fn advance_shipment(
    context: &mut Context<'_>,
    id: OrderId,
    state: ShipmentState,
    tracking: Option<Arc<str>>,
) -> Answered {
    let order = context.order(id)?.order;
    let known = context.rows.shipments.get(ShipmentKey(id))?.map(|shipment| shipment.state);
    let is_repeated = known.ok_or(Refusal::ShipmentNotFound)? == state;
    let before = order.status;
    ship(context, &order, &shipment::Command::Move { state, tracking })?;
    // Goods that come back after a refund or completion do not change the order's status.
    if is_repeated {
        // The order followed this state before, and may have changed since.
    } else if state == ShipmentState::Returned {
        advance(context, id, fulfilment::Command::ComeBack)?;
    } else if let Some(status) = state.order_status().filter(|status| before.can_become(*status)) {
        advance(context, id, fulfilment::Command::Follow { status })?;
    }
    let shipment = context.rows.shipments.get(ShipmentKey(id))?.cloned();
    Ok(Answer::changed(Changed::Shipment(shipment.ok_or(Refusal::ShipmentNotFound)?)))
}

/// Moves stored goods to their next state; the order does not change.
pub(crate) fn advance_storage(context: &mut Context<'_>, id: OrderId, state: StorageState) -> Answered {
    let order = context.order(id)?.order;
    if context.rows.storages.get(StorageKey(id))?.is_none() {
        return Err(Refusal::StorageNotFound.into());
    }
    store(context, &order, warehouse::Command::Move { state })?;
    let storage = context.rows.storages.get(StorageKey(id))?.copied();
    Ok(Answer::changed(Changed::Storage(storage.ok_or(Refusal::StorageNotFound)?)))
}
