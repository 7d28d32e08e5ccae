//! Payments, shipments and warehouse storages: loading them by order, and writing them.

use app::state::rows::{CallbackKey, CallbackRow, PaymentKey, Rows, ShipmentKey, StorageKey};
use domain::ids::OrderId;
use domain::payment::Payment;
use domain::shipment::Shipment;
use domain::warehouse::Storage;
use mysql_async::Value;

use super::locking_read::{index, loaded, locked};
use super::upsert::{Upsert, put_all};
use crate::mysql::failure::Result;
use crate::mysql::sql::{Script, is_in};
use crate::records::{action_cell, given_back_cell, means_cell};
use crate::selects::{select_callback, select_payment, select_shipment, select_storage};

/// A kind of row of which an order has at most one.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Payment,
    Shipment,
    Storage,
}

pub(super) fn select(kind: Kind, orders: &[OrderId]) -> String {
    let select = match kind {
        Kind::Payment => select_payment!(""),
        Kind::Shipment => select_shipment!(""),
        Kind::Storage => select_storage!(""),
    };
    locked(select, "PRIMARY", &is_in("order_id", orders.iter().map(|order| order.0)), "order_id")
}

pub(super) fn select_callbacks(keys: &[CallbackKey]) -> String {
    locked(select_callback!(""), "PRIMARY", &is_in("callback_key", keys.iter().map(|key| key.0)), "callback_key")
}

pub(super) fn read(kind: Kind, orders: Vec<OrderId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    match kind {
        Kind::Payment => {
            let found = index(found, |payment: Payment| (PaymentKey(payment.order), payment))?;
            loaded(&mut rows.payments, orders.into_iter().map(PaymentKey), found);
        }
        Kind::Shipment => {
            let found = index(found, |shipment: Shipment| (ShipmentKey(shipment.order), shipment))?;
            loaded(&mut rows.shipments, orders.into_iter().map(ShipmentKey), found);
        }
        Kind::Storage => {
            let found = index(found, |storage: Storage| (StorageKey(storage.order), storage))?;
            loaded(&mut rows.storages, orders.into_iter().map(StorageKey), found);
        }
    }
    Ok(())
}

pub(super) fn read_callbacks(keys: Vec<CallbackKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.callbacks, keys, index(found, |callback: CallbackRow| (callback.key, callback))?);
    Ok(())
}

const PAYMENTS: Upsert = Upsert {
    head: "INSERT INTO payment (order_id, order_ms, attempt, method, means, amount, state, action, is_wanted, authorized, captured, refunded, refunding, \
           owed, resolved, refunds, given_back, declines, owed_since, reference, refusal, last_error, \
           resolved_by, resolved_at, resolution_reason, resolution_reference, ask, due_at, tries, created_at, \
           updated_at) VALUES",
    update: " ON DUPLICATE KEY UPDATE order_ms = VALUES(order_ms), attempt = VALUES(attempt), method = VALUES(method), means = VALUES(means), \
             state = VALUES(state), action = VALUES(action), \
             is_wanted = VALUES(is_wanted), authorized = VALUES(authorized), captured = VALUES(captured), \
             refunded = VALUES(refunded), refunding = VALUES(refunding), owed = VALUES(owed), \
             resolved = VALUES(resolved), refunds = VALUES(refunds), given_back = VALUES(given_back), \
             declines = VALUES(declines), owed_since = VALUES(owed_since), reference = VALUES(reference), \
             refusal = VALUES(refusal), last_error = VALUES(last_error), resolved_by = VALUES(resolved_by), \
             resolved_at = VALUES(resolved_at), resolution_reason = VALUES(resolution_reason), \
             resolution_reference = VALUES(resolution_reference), ask = VALUES(ask), due_at = VALUES(due_at), \
             tries = VALUES(tries), updated_at = VALUES(updated_at)",
};
const CALLBACKS: Upsert =
    Upsert { head: "INSERT INTO payment_callback (callback_key, provider, event_id, taken_at) VALUES ", update: "" };
const SHIPMENTS: Upsert = Upsert {
    head: "INSERT INTO shipment (order_id, state, receiver, tracking_number, created_at, updated_at) VALUES ",
    update: " ON DUPLICATE KEY UPDATE state = VALUES(state), receiver = VALUES(receiver), tracking_number = VALUES(tracking_number), \
             updated_at = VALUES(updated_at)",
};
const STORAGES: Upsert = Upsert {
    head: "INSERT INTO warehouse_storage (order_id, state, created_at, updated_at) VALUES ",
    update: " ON DUPLICATE KEY UPDATE state = VALUES(state), updated_at = VALUES(updated_at)",
};

pub(super) fn write(script: &mut Script, rows: &Rows) {
    put_all(script, &rows.callbacks, CALLBACKS, |insert, key, callback| {
        insert.row(&[&key.0, &callback.provider, &callback.event, &callback.at]);
    });
    put_all(script, &rows.payments, PAYMENTS, |insert, key, payment| {
        let (next, resolution) = (payment.next, payment.resolution.as_ref());
        insert.row(&[
            &key.0.0,
            &payment.order_ms,
            &payment.attempt,
            &payment.method.name(),
            &means_cell(payment),
            &payment.amount,
            &payment.state.name(),
            &action_cell(payment),
            &payment.is_wanted,
            &payment.authorized,
            &payment.captured,
            &payment.refunded,
            &payment.refunding,
            &payment.owed,
            &payment.resolved,
            &payment.refunds,
            &given_back_cell(payment),
            &payment.declines,
            &payment.owed_since,
            &payment.reference,
            &payment.refusal,
            &payment.last_error,
            &resolution.map(|resolution| resolution.by.0),
            &resolution.map(|resolution| resolution.at),
            &resolution.map(|resolution| &*resolution.reason),
            &resolution.map(|resolution| &*resolution.reference),
            &next.map(|next| next.way.name()),
            &next.and_then(|next| next.due),
            &next.map(|next| next.tries),
            &payment.created_at,
            &payment.updated_at,
        ]);
    });
    put_all(script, &rows.shipments, SHIPMENTS, |insert, key, row| {
        let receiver = serde_json::to_string(&row.receiver).expect("a receiver has a JSON form");
        insert.row(&[&key.0.0, &row.state.name(), &receiver, &row.tracking, &row.created_at, &row.updated_at]);
    });
    put_all(script, &rows.storages, STORAGES, |insert, key, row| {
        insert.row(&[&key.0.0, &row.state.name(), &row.created_at, &row.updated_at]);
    });
}
