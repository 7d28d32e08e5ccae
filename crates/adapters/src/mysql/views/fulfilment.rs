//! Payments, shipments and warehouse storages.

use std::collections::HashMap;

use app::audit::Fulfilment;
use app::ports::views::{FulfilmentViews, Reading};
use domain::ids::OrderId;
use domain::payment::{Payment, State};
use domain::shipment::Shipment;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use super::{MysqlViews, answers_of, by_id, first};
use crate::mysql::cells::from_row;
use crate::mysql::sql::{is_in, statement};
use crate::selects::{select_payment, select_shipment, select_storage};

/// The newest orders of a table, starting before the given one.
fn newest(select: &str, before: Option<OrderId>, limit: i64) -> String {
    let before = before.map_or(i64::MAX, |before| before.0);
    let which = "WHERE order_id < ? ORDER BY order_id DESC LIMIT ?";
    select.to_owned() + &statement(which, &[&before, &limit])
}

impl FulfilmentViews for MysqlViews {
    fn payment(&self, order: OrderId) -> Reading<'_, Option<Payment>> {
        self.read(by_id(select_payment!(""), "order_id", order.0), first)
    }

    fn payments(&self, state: Option<State>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Payment>> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let which = match state {
            None => statement("WHERE order_id < ? ORDER BY order_id DESC", &[&before]),
            Some(state) => {
                statement("WHERE state = ? AND order_id < ? ORDER BY order_id DESC", &[&state.name(), &before])
            }
        };
        self.list(limit, move |limit| format!("{}{which} LIMIT {limit}", select_payment!("")))
    }

    fn stuck_payments(&self) -> Reading<'_, i64> {
        let count = "SELECT count(*) FROM payment WHERE state = 'STUCK'".to_owned();
        self.read([count], |rows| Ok(first(rows)?.unwrap_or(0)))
    }

    fn due_payments(&self, now: Timestamp, limit: usize) -> Reading<'_, Vec<Payment>> {
        let which = statement("WHERE due_at <= ? ORDER BY due_at, order_id", &[&now]);
        self.list(limit, move |limit| format!("{}{which} LIMIT {limit}", select_payment!("")))
    }

    fn fulfilments(&self, orders: Vec<OrderId>) -> Reading<'_, Vec<Fulfilment>> {
        if orders.is_empty() {
            return Box::pin(async { Ok(vec![]) });
        }
        let of_these = is_in("order_id", orders.iter().map(|order| order.0));
        let selects = [select_payment!("WHERE "), select_shipment!("WHERE "), select_storage!("WHERE ")];
        self.read(selects.map(|select| format!("{select}{of_these}")), move |answers| {
            let mut found: HashMap<OrderId, Fulfilment> = HashMap::new();
            let mut answers = answers_of(answers);
            for row in answers.next().unwrap_or_default() {
                let payment: Payment = from_row(row)?;
                let order = payment.order;
                found.entry(order).or_default().payment = Some(payment);
            }
            for row in answers.next().unwrap_or_default() {
                let shipment: Shipment = from_row(row)?;
                let order = shipment.order;
                found.entry(order).or_default().shipment = Some(shipment);
            }
            for row in answers.next().unwrap_or_default() {
                let storage: Storage = from_row(row)?;
                found.entry(storage.order).or_default().storage = Some(storage);
            }
            Ok(orders.iter().map(|order| found.remove(order).unwrap_or_default()).collect())
        })
    }

    fn shipment(&self, order: OrderId) -> Reading<'_, Option<Shipment>> {
        self.read(by_id(select_shipment!(""), "order_id", order.0), first)
    }

    fn shipments(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Shipment>> {
        self.list(limit, move |limit| newest(select_shipment!(""), before, limit))
    }

    fn storage(&self, order: OrderId) -> Reading<'_, Option<Storage>> {
        self.read(by_id(select_storage!(""), "order_id", order.0), first)
    }

    fn storages(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Storage>> {
        self.list(limit, move |limit| newest(select_storage!(""), before, limit))
    }
}
