//! Orders with everything that speaks of them.

use app::audit::{OrderEventFacts, OrderFacts, Settlement};
use domain::claim::Claim;
use domain::ids::{OrderId, ProductId};
use domain::order_saga::Step;

use super::Reader;
use super::campaigns::coupon;
use super::stream::{Stream, Unreadable, least};
use crate::mysql::failure::Result;
use crate::mysql::records::{self, Cells, select_entry, select_order, select_payment, select_shipment, select_storage};
use crate::words::step_cells;

pub(super) fn read(reader: &mut Reader, unreadable: &Unreadable, each: &mut dyn FnMut(OrderFacts)) -> Result<()> {
    let select = select_order!("ORDER BY order_id");
    let mut orders = Stream::new(reader, select, ("orders", 0), records::stored_order, unreadable)?;
    let select =
        "SELECT product_id, name, quantity, unit_price, stock_state, stock_reason, stock_at, returned, order_id FROM order_line
         ORDER BY order_id, line_no";
    let mut lines = Stream::new(reader, select, ("order_line of order", 8), records::line, unreadable)?;
    let select = "SELECT state, reason, step, product_id, order_id FROM claim ORDER BY order_id";
    let mut claims = Stream::new(reader, select, ("claim of order", 4), claim, unreadable)?;
    let select = "SELECT due_at, kind, asked, order_id FROM timer ORDER BY order_id";
    let mut timers = Stream::new(reader, select, ("timer of order", 3), records::timer, unreadable)?;
    let select = select_payment!("ORDER BY order_id");
    let mut payments = Stream::new(reader, select, ("payment of order", 0), records::payment, unreadable)?;
    let select = select_shipment!("ORDER BY order_id");
    let mut shipments = Stream::new(reader, select, ("shipment of order", 0), records::shipment, unreadable)?;
    let select = select_storage!("ORDER BY order_id");
    let mut storages = Stream::new(reader, select, ("warehouse_storage of order", 0), records::storage, unreadable)?;
    let select = "SELECT type, payload, version, occurred_at, order_id FROM event WHERE order_id IS NOT NULL
         ORDER BY order_id, position";
    let mut events = Stream::new(reader, select, ("event of order", 4), event, unreadable)?;
    let select = "SELECT coupon_id, code, issue_number, used_order_id, issued_at, campaign_id, user_id FROM coupon
         WHERE used_order_id IS NOT NULL ORDER BY used_order_id";
    let mut coupons = Stream::new(reader, select, ("coupon of order", 3), coupon, unreadable)?;
    let select = select_entry!("WHERE order_id IS NOT NULL ORDER BY order_id, entry_id");
    let mut entries = Stream::new(reader, select, ("points_entry of order", 6), records::entry, unreadable)?;
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

fn claim(cells: &mut Cells) -> Result<(Step, Claim)> {
    let claim = records::claim(cells)?;
    // The product of a stock step stands in the next cell.
    let step = cells.word(&[Step::Stock(ProductId(0)), Step::Coupon, Step::Point], |step| step_cells(step).0)?;
    let product = ProductId(cells.take()?);
    Ok((if matches!(step, Step::Stock(_)) { Step::Stock(product) } else { step }, claim))
}

fn event(cells: &mut Cells) -> Result<OrderEventFacts> {
    Ok(OrderEventFacts { kind: cells.take()?, payload: cells.take()?, version: cells.take()?, at: cells.at()? })
}
