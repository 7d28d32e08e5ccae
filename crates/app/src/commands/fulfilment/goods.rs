//! The goods of an order on their way out: the rows of its shipment and storage, and their events.

use domain::order::Order;
use domain::shipment::{self, State as ShipmentState};
use domain::warehouse::{self, State as StorageState};

use crate::commands::answer::Refusal;
use crate::commands::context::{Context, Halt, Handled};
use crate::events::event::{Event, ShipmentUpdated, StorageUpdated};
use crate::state::rows::{ShipmentKey, StorageKey};

/// Ships or stores the goods of a paid order. `false`: their destination is unknown, or it has been done.
pub(crate) fn send(context: &mut Context<'_>, order: &Order) -> Handled<bool> {
    let id = order.id();
    if !order.has_destination() || !order.status.is_cancellable() {
        return Ok(false);
    }
    let waits =
        context.rows.shipments.get(ShipmentKey(id))?.is_some_and(|parcel| parcel.state == ShipmentState::Pending);
    if order.created.warehouse_storage {
        if waits {
            ship(context, order, &shipment::Command::Move { state: ShipmentState::Canceled, tracking: None })?;
        }
        store(context, order, warehouse::Command::Store { order: id })?;
    } else if let Some(receiver) = order.created.receiver.clone() {
        if waits {
            ship(context, order, &shipment::Command::Redirect { receiver })?;
        } else {
            ship(context, order, &shipment::Command::Prepare { order: id, receiver })?;
        }
    }
    Ok(true)
}

/// Withdraws returned units from auction. When nothing is left of the order, cancels a shipment that has not left.
pub(crate) fn call_off(context: &mut Context<'_>, order: &Order, is_last: bool) -> Handled {
    if !order.has_destination() {
        return Ok(());
    }
    let storage = context.rows.storages.get(StorageKey(order.id()))?;
    if storage.is_some_and(|storage| storage.state == StorageState::OnAuction) {
        store(context, order, warehouse::Command::Move { state: StorageState::InStorage })?;
    }
    if !is_last {
        return Ok(());
    }
    let shipment = context.rows.shipments.get(ShipmentKey(order.id()))?;
    if shipment.is_some_and(|shipment| shipment.state.can_become(ShipmentState::Canceled)) {
        ship(context, order, &shipment::Command::Move { state: ShipmentState::Canceled, tracking: None })?;
    }
    let storage = context.rows.storages.get(StorageKey(order.id()))?;
    if storage.is_some_and(|storage| storage.state.can_become(StorageState::RemovedFromStorage)) {
        store(context, order, warehouse::Command::Move { state: StorageState::RemovedFromStorage })?;
    }
    Ok(())
}

/// Decides a command on the order's shipment, and publishes its events.
pub(crate) fn ship(context: &mut Context<'_>, order: &Order, command: &shipment::Command) -> Handled {
    let key = ShipmentKey(order.id());
    let mut row = context.rows.shipments.get(key)?.cloned();
    let events = shipment::decide(row.as_ref(), command).map_err(|rejection| {
        let shipment::Rejection::NoSuchEdge { from } = rejection;
        Halt::Refused(Refusal::NoSuchStep { from: from.name() })
    })?;
    for event in &events {
        shipment::evolve(&mut row, event, context.now);
        let after = row.clone().ok_or_else(|| Halt::broken("a shipment with an event exists"))?;
        let updated = ShipmentUpdated {
            order_id: order.created.number.clone(),
            user_id: order.user(),
            shipment_status: after.state,
            tracking_number: after.tracking.clone(),
        };
        context.rows.shipments.put(key, after);
        context.publish_about(Event::ShipmentUpdated(updated), order.id())?;
    }
    Ok(())
}

/// Decides a command on the order's storage, and publishes its events.
pub(crate) fn store(context: &mut Context<'_>, order: &Order, command: warehouse::Command) -> Handled {
    let key = StorageKey(order.id());
    let mut row = context.rows.storages.get(key)?.copied();
    let events = warehouse::decide(row.as_ref(), command).map_err(|rejection| {
        let warehouse::Rejection::NoSuchEdge { from } = rejection;
        Halt::Refused(Refusal::NoSuchStep { from: from.name() })
    })?;
    for event in events {
        warehouse::evolve(&mut row, event, context.now);
        let after = row.ok_or_else(|| Halt::broken("a storage with an event exists"))?;
        context.rows.storages.put(key, after);
        let (order_id, user_id) = (order.created.number.clone(), order.user());
        let updated = StorageUpdated { order_id, user_id, storage_status: after.state };
        context.publish_about(Event::StorageUpdated(updated), order.id())?;
    }
    Ok(())
}
