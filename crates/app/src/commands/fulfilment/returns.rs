//! The goods, points, coupon and money that a refund moves back.

use std::sync::Arc;

use domain::ids::ProductId;
use domain::order::Order;
use domain::order::fulfilment::{Goods, Return};
use domain::stock;

use crate::commands::context::{Context, Handled};
use crate::commands::fulfilment::{booking, goods};
use crate::commands::{catalogue, participants};

/// The reason on receipts for refunded units that did not come back.
const WRITTEN_OFF: &str = "refunded goods written off";

/// Restores goods, points, coupon and money to where they came from, in one commit. Awaited goods follow later.
pub(crate) fn restore(context: &mut Context<'_>, order: &Order, back: &Return) -> Handled {
    match back.goods {
        Goods::Returned => restock(context, &back.lines)?,
        Goods::WrittenOff => write_off(context, &back.lines)?,
        Goods::Awaited => {}
    }
    if !back.points.is_zero() {
        participants::restore_taken_points(context, order.user(), order.id(), back.points)?;
    }
    if let Some(wanted) = order.created.coupon.filter(|_| back.is_last) {
        let _code = participants::restore_used_coupon(context, wanted.campaign, order.user(), order.id())?;
    }
    if !back.money.is_zero() {
        booking::refund(context, order, back.money)?;
    }
    goods::call_off(context, order, back.is_last)
}

/// Returns awaited goods to the stock, or writes them off.
pub(crate) fn arrived(context: &mut Context<'_>, lines: &[(ProductId, i64)], is_written_off: bool) -> Handled {
    if is_written_off { write_off(context, lines) } else { restock(context, lines) }
}

fn restock(context: &mut Context<'_>, lines: &[(ProductId, i64)]) -> Handled {
    for (product, quantity) in lines {
        let command = stock::Command::Return { quantity: *quantity };
        participants::move_claimed(context, *product, &command)?;
    }
    Ok(())
}

/// Writes units off, with a receipt that has the reason.
fn write_off(context: &mut Context<'_>, lines: &[(ProductId, i64)]) -> Handled {
    let reason: Arc<str> = WRITTEN_OFF.into();
    for (product_id, quantity) in lines.iter().copied() {
        let command = stock::Command::WriteOffSold { quantity };
        participants::move_claimed(context, product_id, &command)?;
        catalogue::write_receipt(context, product_id, -quantity, &reason);
    }
    Ok(())
}
