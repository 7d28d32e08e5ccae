//! Orders with everything that speaks of them.

use app::audit::{OrderEventFacts, OrderFacts, Settlement};
use domain::claim::Claim;
use domain::ids::{OrderId, ProductId};
use domain::order_saga::Step;
use rusqlite::{Connection, Result, Row};

use super::campaigns::coupon;
use super::stream::{Stream, Unreadable, least};
use crate::embedded::records::{
    self, Cells, select_entry, select_order, select_payment, select_shipment, select_storage,
};

pub(super) fn read(connection: &Connection, unreadable: &Unreadable, each: &mut dyn FnMut(OrderFacts)) -> Result<()> {
    let mut orders = connection.prepare(select_order!("ORDER BY order_id"))?;
    let mut orders = Stream::new(&mut orders, ("orders", 0), records::stored_order, unreadable)?;
    let mut lines = connection.prepare(
        "SELECT product_id, name, quantity, unit_price, stock_state, stock_reason, stock_at, returned, order_id FROM order_line
         ORDER BY order_id, line_no",
    )?;
    let mut lines = Stream::new(&mut lines, ("order_line of order", 8), records::line, unreadable)?;
    let sql = "SELECT state, reason, step, product_id, order_id FROM claim ORDER BY order_id";
    let mut claims = connection.prepare(sql)?;
    let mut claims = Stream::new(&mut claims, ("claim of order", 4), claim, unreadable)?;
    let mut timers = connection.prepare("SELECT due_at, kind, asked, order_id FROM timer ORDER BY order_id")?;
    let mut timers = Stream::new(&mut timers, ("timer of order", 3), records::timer, unreadable)?;
    let mut payments = connection.prepare(select_payment!("ORDER BY order_id"))?;
    let mut payments = Stream::new(&mut payments, ("payment of order", 0), records::payment, unreadable)?;
    let mut shipments = connection.prepare(select_shipment!("ORDER BY order_id"))?;
    let mut shipments = Stream::new(&mut shipments, ("shipment of order", 0), records::shipment, unreadable)?;
    let mut storages = connection.prepare(select_storage!("ORDER BY order_id"))?;
    let mut storages = Stream::new(&mut storages, ("warehouse_storage of order", 0), records::storage, unreadable)?;
    let mut events = connection.prepare(
        "SELECT type, payload, version, occurred_at, run.order_id
         FROM order_event_run AS run CROSS JOIN event ON position BETWEEN first_position AND last_position
         ORDER BY run.order_id, first_position, position",
    )?;
    let mut events = Stream::new(&mut events, ("event of order", 4), event, unreadable)?;
    let mut coupons = connection.prepare(
        "SELECT coupon_id, code, issue_number, used_order_id, issued_at, campaign_id, user_id FROM coupon
         WHERE used_order_id IS NOT NULL ORDER BY used_order_id",
    )?;
    let mut coupons = Stream::new(&mut coupons, ("coupon of order", 3), coupon, unreadable)?;
    let mut entries = connection.prepare(select_entry!("WHERE order_id IS NOT NULL ORDER BY order_id, entry_id"))?;
    let mut entries = Stream::new(&mut entries, ("points_entry of order", 6), records::entry, unreadable)?;
    while let Some(id) = least([
        orders.key(),
        lines.key(),
        claims.key(),
        timers.key(),
        payments.key(),
        shipments.key(),
        storages.key(),
        events.key(),
        coupons.key(),
        entries.key(),
    ]) {
        let (stored, lines) = (orders.one(id)?, lines.all(id)?);
        each(OrderFacts {
            id: OrderId(id),
            row: stored.map(|stored| stored.with(lines)),
            claims: claims.all(id)?,
            timer: timers.one(id)?,
            settlement: Settlement {
                payment: payments.one(id)?,
                shipment: shipments.one(id)?,
                storage: storages.one(id)?,
            },
            events: events.all(id)?,
            coupons: coupons.all(id)?,
            entries: entries.all(id)?,
        });
    }
    Ok(())
}

fn claim(row: &Row<'_>) -> Result<(Step, Claim)> {
    let mut cells = Cells::of(row);
    let claim = records::claim(&mut cells)?;
    // The product of a stock step stands in the next cell.
    let step =
        cells.word(&[Step::Stock(ProductId(0)), Step::Coupon, Step::Point], |step| records::step_cells(step).0)?;
    let product = ProductId(cells.take()?);
    Ok((if matches!(step, Step::Stock(_)) { Step::Stock(product) } else { step }, claim))
}

fn event(row: &Row<'_>) -> Result<OrderEventFacts> {
    let mut cells = Cells::of(row);
    Ok(OrderEventFacts { kind: cells.take()?, payload: cells.take()?, version: cells.take()?, at: cells.at()? })
}
