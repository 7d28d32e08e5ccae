//! Payments, shipments and warehouse storages: loading them by order, and writing them.

use app::state::rows::{CallbackKey, PaymentKey, Rows, ShipmentKey, StorageKey};
use domain::ids::OrderId;
use domain::time::Timestamp;
use rusqlite::{Connection, Result, params};

use super::put_all::put_all;
use crate::records::{action_cell, given_back_cell, means_cell};
use crate::selects::{select_callback, select_payment, select_shipment, select_storage};
use crate::sqlite::cells::{Run as _, find};

pub(super) fn load_payment(connection: &Connection, id: OrderId, rows: &mut Rows) -> Result<()> {
    let found = find(connection, select_payment!("WHERE order_id = ?1"), [id.0])?;
    rows.payments.loaded(PaymentKey(id), found);
    Ok(())
}

pub(super) fn load_shipment(connection: &Connection, id: OrderId, rows: &mut Rows) -> Result<()> {
    let found = find(connection, select_shipment!("WHERE order_id = ?1"), [id.0])?;
    rows.shipments.loaded(ShipmentKey(id), found);
    Ok(())
}

pub(super) fn load_storage(connection: &Connection, id: OrderId, rows: &mut Rows) -> Result<()> {
    let found = find(connection, select_storage!("WHERE order_id = ?1"), [id.0])?;
    rows.storages.loaded(StorageKey(id), found);
    Ok(())
}

pub(super) fn load_callback(connection: &Connection, key: CallbackKey, rows: &mut Rows) -> Result<()> {
    let sql = select_callback!("WHERE callback_key = ?1");
    rows.callbacks.loaded(key, find(connection, sql, [key.0.as_slice()])?);
    Ok(())
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    callbacks(connection, rows)?;
    payments(connection, rows)?;
    shipments(connection, rows)?;
    storages(connection, rows)
}

fn callbacks(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO payment_callback (callback_key, provider, event_id, taken_at) VALUES (?1, ?2, ?3, ?4)";
    put_all(connection, &rows.callbacks, sql, |insert, key, callback| {
        insert.run((key.0.as_slice(), &callback.provider, &callback.event, callback.at.micros()))
    })
}

fn payments(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql =
        "INSERT INTO payment (order_id, order_ms, attempt, method, means, amount, state, action, is_wanted, authorized, captured, refunded,
                   refunding, owed, resolved, refunds, given_back, declines, owed_since, reference, refusal,
                   last_error, resolved_by, resolved_at, resolution_reason, resolution_reference, ask, due_at,
                   tries, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                   ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)
               ON CONFLICT DO UPDATE SET order_ms = excluded.order_ms, attempt = excluded.attempt, method = excluded.method,
                   means = excluded.means, state = excluded.state, action = excluded.action,
                   is_wanted = excluded.is_wanted, authorized = excluded.authorized,
                   captured = excluded.captured, refunded = excluded.refunded, refunding = excluded.refunding,
                   owed = excluded.owed, resolved = excluded.resolved, refunds = excluded.refunds,
                   given_back = excluded.given_back, declines = excluded.declines,
                   owed_since = excluded.owed_since, reference = excluded.reference,
                   refusal = excluded.refusal, last_error = excluded.last_error,
                   resolved_by = excluded.resolved_by, resolved_at = excluded.resolved_at,
                   resolution_reason = excluded.resolution_reason,
                   resolution_reference = excluded.resolution_reference, ask = excluded.ask,
                   due_at = excluded.due_at, tries = excluded.tries, updated_at = excluded.updated_at";
    put_all(connection, &rows.payments, sql, |put, key, payment| {
        let next = payment.next;
        put.run(params![
            key.0.0,
            payment.order_ms,
            payment.attempt,
            payment.method.name(),
            means_cell(payment),
            payment.amount.amount(),
            payment.state.name(),
            action_cell(payment),
            payment.is_wanted,
            payment.authorized.amount(),
            payment.captured.amount(),
            payment.refunded.amount(),
            payment.refunding.amount(),
            payment.owed.amount(),
            payment.resolved.amount(),
            payment.refunds,
            given_back_cell(payment),
            payment.declines,
            payment.owed_since.map(Timestamp::micros),
            payment.reference,
            payment.refusal,
            payment.last_error,
            payment.resolution.as_ref().map(|resolution| resolution.by.0),
            payment.resolution.as_ref().map(|resolution| resolution.at.micros()),
            payment.resolution.as_ref().map(|resolution| &resolution.reason),
            payment.resolution.as_ref().map(|resolution| &resolution.reference),
            next.map(|next| next.way.name()),
            next.and_then(|next| next.due).map(Timestamp::micros),
            next.map(|next| next.tries),
            payment.created_at.micros(),
            payment.updated_at.micros(),
        ])
    })
}

fn shipments(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO shipment (order_id, state, receiver, tracking_number, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT DO UPDATE SET state = excluded.state, receiver = excluded.receiver,
                   tracking_number = excluded.tracking_number, updated_at = excluded.updated_at";
    put_all(connection, &rows.shipments, sql, |put, key, shipment| {
        let receiver = serde_json::to_string(&shipment.receiver)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let [created, updated] = [shipment.created_at, shipment.updated_at].map(domain::time::Timestamp::micros);
        put.run((key.0.0, shipment.state.name(), receiver, &shipment.tracking, created, updated))
    })
}

fn storages(connection: &Connection, rows: &Rows) -> Result<()> {
    let sql = "INSERT INTO warehouse_storage (order_id, state, created_at, updated_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at";
    put_all(connection, &rows.storages, sql, |put, key, storage| {
        put.run((key.0.0, storage.state.name(), storage.created_at.micros(), storage.updated_at.micros()))
    })
}
