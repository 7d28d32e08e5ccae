//! Orders with all rows about them.

use app::audit::{CouponFacts, Fulfilment, OrderEventFacts, OrderFacts};
use app::state::rows::{Entry, Timer};
use domain::claim::Claim;
use domain::ids::OrderId;
use domain::order::saga::Step;
use domain::payment::Payment;
use domain::shipment::Shipment;
use domain::warehouse::Storage;

use super::{Source, Stream, least};
use crate::records::{Line, StoredOrder};
use crate::selects::{
    select_coupon, select_entry, select_line, select_order, select_payment, select_shipment, select_storage,
};

pub(crate) const ORDERS: Source = Source { select: select_order!("ORDER BY order_id"), table: "orders", key_column: 0 };
pub(crate) const LINES: Source =
    Source { select: select_line!("ORDER BY order_id, line_no"), table: "order_line of order", key_column: 9 };
pub(crate) const CLAIMS: Source = Source {
    select: "SELECT step, product_id, state, reason, order_id FROM claim ORDER BY order_id",
    table: "claim of order",
    key_column: 4,
};
pub(crate) const TIMERS: Source = Source {
    select: "SELECT due_at, kind, asked, order_id FROM timer ORDER BY order_id",
    table: "timer of order",
    key_column: 3,
};
pub(crate) const PAYMENTS: Source =
    Source { select: select_payment!("ORDER BY order_id"), table: "payment of order", key_column: 0 };
pub(crate) const SHIPMENTS: Source =
    Source { select: select_shipment!("ORDER BY order_id"), table: "shipment of order", key_column: 0 };
pub(crate) const STORAGES: Source =
    Source { select: select_storage!("ORDER BY order_id"), table: "warehouse_storage of order", key_column: 0 };
pub(crate) const COUPONS: Source = Source {
    select: select_coupon!("WHERE used_order_id IS NOT NULL ORDER BY used_order_id"),
    table: "coupon of order",
    key_column: 3,
};
pub(crate) const ENTRIES: Source = Source {
    select: select_entry!("WHERE order_id IS NOT NULL ORDER BY order_id, entry_id"),
    table: "points_entry of order",
    key_column: 6,
};

/// The events of an order; each store finds them in its own way.
pub(crate) const fn events(select: &'static str) -> Source {
    Source { select, table: "event of order", key_column: 4 }
}

pub(crate) struct Orders<'s, E> {
    pub(crate) orders: Stream<'s, StoredOrder, E>,
    pub(crate) lines: Stream<'s, Line, E>,
    pub(crate) claims: Stream<'s, (Step, Claim), E>,
    pub(crate) timers: Stream<'s, Timer, E>,
    pub(crate) payments: Stream<'s, Payment, E>,
    pub(crate) shipments: Stream<'s, Shipment, E>,
    pub(crate) storages: Stream<'s, Storage, E>,
    pub(crate) events: Stream<'s, OrderEventFacts, E>,
    pub(crate) coupons: Stream<'s, CouponFacts, E>,
    pub(crate) entries: Stream<'s, Entry, E>,
}

impl<E> Orders<'_, E> {
    pub(crate) fn report(mut self, each: &mut dyn FnMut(OrderFacts)) -> Result<(), E> {
        while let Some(id) = self.next_order() {
            let (stored, lines) = (self.orders.one(id)?, self.lines.all(id)?);
            each(OrderFacts {
                id: OrderId(id),
                row: stored.map(|stored| stored.with(lines)),
                claims: self.claims.all(id)?,
                timer: self.timers.one(id)?,
                fulfilment: Fulfilment {
                    payment: self.payments.one(id)?,
                    shipment: self.shipments.one(id)?,
                    storage: self.storages.one(id)?,
                },
                events: self.events.all(id)?,
                coupons: self.coupons.all(id)?,
                entries: self.entries.all(id)?,
            });
        }
        Ok(())
    }

    fn next_order(&self) -> Option<i64> {
        least([
            self.orders.key(),
            self.lines.key(),
            self.claims.key(),
            self.timers.key(),
            self.payments.key(),
            self.shipments.key(),
            self.storages.key(),
            self.events.key(),
            self.coupons.key(),
            self.entries.key(),
        ])
    }
}
