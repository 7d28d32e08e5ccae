//! The rows that payment, shipment, storage and refund read.

use domain::ids::OrderId;

use crate::state::rows::{Keys, OrderKey, PaymentKey, ShipmentKey, StorageKey, TimerKey};

/// Declares an order with its payment, shipment and storage.
pub(crate) fn declare(order: OrderId, keys: &mut Keys) {
    keys.insert(OrderKey(order).into());
    keys.insert(TimerKey(order).into());
    keys.insert(PaymentKey(order).into());
    keys.insert(ShipmentKey(order).into());
    keys.insert(StorageKey(order).into());
}
