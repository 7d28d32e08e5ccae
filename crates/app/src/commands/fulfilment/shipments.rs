//! The goods of a paid order: sent to their receiver, or kept in the warehouse (O-33, O-34, P-04, P-05).

use std::sync::Arc;

use domain::ids::OrderId;
use domain::order::{Order, fulfilment};
use domain::shipment::{self, State as ShipmentState};
use domain::warehouse::{self, State as StorageState};

use crate::commands::answer::changed::Changed;
use crate::commands::answer::{Answer, Refusal};
use crate::commands::context::{Halt, Handled, Step, Unit};
use crate::commands::order::advance;
use crate::events::event::{Event, ShipmentUpdated, StorageUpdated};
use crate::state::rows::{ShipmentKey, StorageKey};

/// Sends the goods of a paid order on their way, or stores them, if it is known where to and has not been done.
pub(crate) fn dispatch(unit: &mut Unit<'_>, order: &Order) -> Step {
    let id = order.id();
    if !order.has_destination() || !order.status.is_cancellable() {
        return Ok(());
    }
    let waits = unit.rows.shipments.get(ShipmentKey(id))?.is_some_and(|parcel| parcel.state == ShipmentState::Pending);
    if order.created.warehouse_storage {
        if waits {
            ship(unit, order, &shipment::Command::Move { state: ShipmentState::Canceled, tracking: None })?;
        }
        store(unit, order, warehouse::Command::Store { order: id })?;
    } else if let Some(receiver) = order.created.receiver.clone() {
        if waits {
            ship(unit, order, &shipment::Command::Redirect { receiver })?;
        } else {
            ship(unit, order, &shipment::Command::Prepare { order: id, receiver })?;
        }
    }
    advance(unit, id, fulfilment::Command::Dispatch)
}

/// What comes back is taken off the auction. When nothing is left of the order, what has not left yet stays.
pub(crate) fn call_off(unit: &mut Unit<'_>, order: &Order, is_last: bool) -> Step {
    if !order.has_destination() {
        return Ok(());
    }
    let storage = unit.rows.storages.get(StorageKey(order.id()))?;
    if storage.is_some_and(|storage| storage.state == StorageState::OnAuction) {
        store(unit, order, warehouse::Command::Move { state: StorageState::InStorage })?;
    }
    if !is_last {
        return Ok(());
    }
    let shipment = unit.rows.shipments.get(ShipmentKey(order.id()))?;
    if shipment.is_some_and(|shipment| shipment.state.can_become(ShipmentState::Canceled)) {
        ship(unit, order, &shipment::Command::Move { state: ShipmentState::Canceled, tracking: None })?;
    }
    let storage = unit.rows.storages.get(StorageKey(order.id()))?;
    if storage.is_some_and(|storage| storage.state.can_become(StorageState::RemovedFromStorage)) {
        store(unit, order, warehouse::Command::Move { state: StorageState::RemovedFromStorage })?;
    }
    Ok(())
}

/// The goods are one step further on their way, and the order with them.
pub(crate) fn advance_shipment(
    unit: &mut Unit<'_>,
    id: OrderId,
    state: ShipmentState,
    tracking: Option<Arc<str>>,
) -> Handled {
    let order = unit.order(id)?.order;
    if unit.rows.shipments.get(ShipmentKey(id))?.is_none() {
        return Err(Refusal::ShipmentNotFound.into());
    }
    let before = order.status;
    ship(unit, &order, &shipment::Command::Move { state, tracking })?;
    // Goods that come back after their order was refunded or completed change nothing of it.
    if state == ShipmentState::Returned {
        advance(unit, id, fulfilment::Command::ComeBack)?;
    } else if let Some(status) = state.order_status().filter(|status| before.can_become(*status)) {
        advance(unit, id, fulfilment::Command::Follow { status })?;
    }
    let shipment = unit.rows.shipments.get(ShipmentKey(id))?.cloned();
    Ok(Answer::changed(Changed::Shipment(shipment.ok_or(Refusal::ShipmentNotFound)?)))
}

/// What is kept for an order is moved, which changes nothing of the order.
pub(crate) fn advance_storage(unit: &mut Unit<'_>, id: OrderId, state: StorageState) -> Handled {
    let order = unit.order(id)?.order;
    if unit.rows.storages.get(StorageKey(id))?.is_none() {
        return Err(Refusal::StorageNotFound.into());
    }
    store(unit, &order, warehouse::Command::Move { state })?;
    let storage = unit.rows.storages.get(StorageKey(id))?.copied();
    Ok(Answer::changed(Changed::Storage(storage.ok_or(Refusal::StorageNotFound)?)))
}

fn ship(unit: &mut Unit<'_>, order: &Order, command: &shipment::Command) -> Step {
    let key = ShipmentKey(order.id());
    let mut row = unit.rows.shipments.get(key)?.cloned();
    let events = shipment::decide(row.as_ref(), command).map_err(|rejection| {
        let shipment::Rejection::NoSuchEdge { from } = rejection;
        Halt::Refused(Refusal::NoSuchStep { from: from.name() })
    })?;
    for event in &events {
        shipment::evolve(&mut row, event, unit.now);
        let after = row.clone().ok_or_else(|| Halt::broken("a shipment that something happened to is there"))?;
        let told = ShipmentUpdated {
            order_id: order.created.number.clone(),
            user_id: order.user(),
            shipment_status: after.state,
            tracking_number: after.tracking.clone(),
        };
        unit.rows.shipments.put(key, after);
        unit.publish_about(Event::ShipmentUpdated(told), order.id())?;
    }
    Ok(())
}

fn store(unit: &mut Unit<'_>, order: &Order, command: warehouse::Command) -> Step {
    let key = StorageKey(order.id());
    let mut row = unit.rows.storages.get(key)?.copied();
    let events = warehouse::decide(row.as_ref(), command).map_err(|rejection| {
        let warehouse::Rejection::NoSuchEdge { from } = rejection;
        Halt::Refused(Refusal::NoSuchStep { from: from.name() })
    })?;
    for event in events {
        warehouse::evolve(&mut row, event, unit.now);
        let after = row.ok_or_else(|| Halt::broken("goods that something happened to are there"))?;
        unit.rows.storages.put(key, after);
        let (order_id, user_id) = (order.created.number.clone(), order.user());
        let told = StorageUpdated { order_id, user_id, storage_status: after.state };
        unit.publish_about(Event::StorageUpdated(told), order.id())?;
    }
    Ok(())
}
