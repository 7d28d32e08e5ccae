//! Payments, shipments and what is kept in the warehouse.

use app::views::{Reading, SettlingViews};
use domain::ids::OrderId;
use domain::payment::Payment;
use domain::shipment::Shipment;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use super::{SqliteViews, sql_limit};
use crate::embedded::records::{self, select_payment, select_shipment, select_storage};
use crate::embedded::store::find;

impl SettlingViews for SqliteViews {
    fn payment(&self, order: OrderId) -> Reading<'_, Option<Payment>> {
        self.read(move |connection| {
            find(connection, select_payment!("WHERE order_id = ?1"), [order.0], records::payment)
        })
    }

    fn due_payments(&self, now: Timestamp, limit: usize) -> Reading<'_, Vec<Payment>> {
        self.read(move |connection| {
            let mut payments =
                connection.prepare_cached(select_payment!("WHERE due_at <= ?1 ORDER BY due_at, order_id LIMIT ?2"))?;
            payments.query_map((now.micros(), sql_limit(limit)), records::payment)?.collect()
        })
    }

    fn shipment(&self, order: OrderId) -> Reading<'_, Option<Shipment>> {
        let sql = select_shipment!("WHERE order_id = ?1");
        self.read(move |connection| find(connection, sql, [order.0], records::shipment))
    }

    fn shipments(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Shipment>> {
        self.read(move |connection| {
            let sql = select_shipment!("WHERE order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
            let mut shipments = connection.prepare_cached(sql)?;
            let before = before.map_or(i64::MAX, |before| before.0);
            shipments.query_map((before, sql_limit(limit)), records::shipment)?.collect()
        })
    }

    fn storage(&self, order: OrderId) -> Reading<'_, Option<Storage>> {
        let sql = select_storage!("WHERE order_id = ?1");
        self.read(move |connection| find(connection, sql, [order.0], records::storage))
    }

    fn storages(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Storage>> {
        self.read(move |connection| {
            let sql = select_storage!("WHERE order_id < ?1 ORDER BY order_id DESC LIMIT ?2");
            let mut storages = connection.prepare_cached(sql)?;
            let before = before.map_or(i64::MAX, |before| before.0);
            storages.query_map((before, sql_limit(limit)), records::storage)?.collect()
        })
    }
}
