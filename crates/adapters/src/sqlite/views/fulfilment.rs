//! Payments, shipments and warehouse storages.

use app::audit::Fulfilment;
use app::ports::views::{FulfilmentViews, Reading};
use domain::ids::OrderId;
use domain::payment::{Payment, State};
use domain::shipment::Shipment;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use super::SqliteViews;
use crate::selects::{select_payment, select_shipment, select_storage};
use crate::sqlite::cells::{find, find_readable};

impl FulfilmentViews for SqliteViews {
    fn payment(&self, order: OrderId) -> Reading<'_, Option<Payment>> {
        self.read(move |connection| find(connection, select_payment!("WHERE order_id = ?1"), [order.0]))
    }

    fn payments(&self, state: Option<State>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Payment>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        self.list(limit, move |connection, limit| match state {
            None => {
                let sql = select_payment!("WHERE order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
                find_readable(connection, sql, (before, limit))
            }
            // The condition of the partial index, word for word; it has no other state.
            Some(State::Stuck) => {
                let sql = select_payment!("WHERE state = 'STUCK' AND order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
                find_readable(connection, sql, (before, limit))
            }
            Some(state) => {
                let sql = select_payment!("WHERE state = ?3 AND order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
                find_readable(connection, sql, (before, limit, state.name()))
            }
        })
    }

    fn stuck_payments(&self) -> Reading<'_, i64> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM payment WHERE state = 'STUCK'";
            Ok(find(connection, sql, [])?.unwrap_or(0))
        })
    }

    fn due_payments(&self, now: Timestamp, limit: usize) -> Reading<'_, Vec<Payment>> {
        self.list(limit, move |connection, limit| {
            let sql = select_payment!("WHERE due_at <= ?1 ORDER BY due_at, order_id LIMIT ?2");
            find_readable(connection, sql, (now.micros(), limit))
        })
    }

    fn fulfilments(&self, orders: Vec<OrderId>) -> Reading<'_, Vec<Fulfilment>> {
        self.read(move |connection| {
            let of = |order: &OrderId| {
                Ok(Fulfilment {
                    payment: find(connection, select_payment!("WHERE order_id = ?1"), [order.0])?,
                    shipment: find(connection, select_shipment!("WHERE order_id = ?1"), [order.0])?,
                    storage: find(connection, select_storage!("WHERE order_id = ?1"), [order.0])?,
                })
            };
            orders.iter().map(of).collect()
        })
    }

    fn shipment(&self, order: OrderId) -> Reading<'_, Option<Shipment>> {
        let sql = select_shipment!("WHERE order_id = ?1");
        self.read(move |connection| find(connection, sql, [order.0]))
    }

    fn shipments(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Shipment>> {
        self.list(limit, move |connection, limit| {
            let sql = select_shipment!("WHERE order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
            let before = before.map_or(i64::MAX, |before| before.0);
            find_readable(connection, sql, (before, limit))
        })
    }

    fn storage(&self, order: OrderId) -> Reading<'_, Option<Storage>> {
        let sql = select_storage!("WHERE order_id = ?1");
        self.read(move |connection| find(connection, sql, [order.0]))
    }

    fn storages(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Storage>> {
        self.list(limit, move |connection, limit| {
            let sql = select_storage!("WHERE order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
            let before = before.map_or(i64::MAX, |before| before.0);
            find_readable(connection, sql, (before, limit))
        })
    }
}
