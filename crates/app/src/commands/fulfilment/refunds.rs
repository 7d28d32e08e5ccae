//! Goods that are given back: at the customer's word before they leave, by the shop's decision afterwards (P-06).

use std::sync::Arc;

use domain::ids::{OrderId, ProductId};
use domain::order::fulfilment::{self, Goods, Return};
use domain::order::{Order, Whereabouts};
use domain::{shipment, stock, warehouse};

use crate::commands::answer::Answer;
use crate::commands::context::{Handled, Step, Unit};
use crate::commands::fulfilment::{payments, shipments};
use crate::commands::order::advance;
use crate::commands::{RefundDecision, RefundWanted, catalogue, participants};
use crate::events::event::Sold;
use crate::state::rows::{ShipmentKey, StorageKey};

/// Why units left the books whose price was given back and that did not come back.
const WRITTEN_OFF: &str = "refunded goods written off";

/// Gives units of a completed order back: all of them, or some; or asks the shop to take them back.
pub(crate) fn refund(unit: &mut Unit<'_>, wanted: &RefundWanted) -> Handled {
    let RefundWanted { order: id, lines, note, by_shop } = wanted;
    let order = unit.order(*id)?.order;
    let goods = whereabouts(unit, &order)?;
    let (lines, note, by_shop) = (lines.clone(), note.clone(), *by_shop);
    advance(unit, *id, fulfilment::Command::Refund { lines, note, goods, by_shop })?;
    conclude(unit, *id)
}

/// The shop decides about a refund that waits for it.
pub(crate) fn decide(unit: &mut Unit<'_>, id: OrderId, decision: &RefundDecision) -> Handled {
    let command = match decision {
        RefundDecision::Approve { goods } => fulfilment::Command::ApproveRefund { goods: *goods },
        RefundDecision::Reject { note } => fulfilment::Command::RejectRefund { note: Arc::clone(note) },
    };
    advance(unit, id, command)?;
    conclude(unit, id)
}

/// Goods whose price was given back arrived, or are written off.
pub(crate) fn take_in(
    unit: &mut Unit<'_>,
    id: OrderId,
    (lines, is_written_off): (&[(ProductId, i64)], bool),
) -> Handled {
    advance(unit, id, fulfilment::Command::TakeIn { lines: lines.to_vec(), is_written_off })?;
    Ok(Answer::OrderChanged { order: id })
}

/// A refund for which no money is on its way is done.
fn conclude(unit: &mut Unit<'_>, id: OrderId) -> Handled {
    let order = unit.order(id)?.order;
    let waits_for_money = order.is_prepaid() && payments::of(unit, id)?.is_some_and(|payment| payment.is_giving_back());
    if !waits_for_money {
        advance(unit, id, fulfilment::Command::ConfirmRefund)?;
    }
    Ok(Answer::OrderChanged { order: id })
}

/// Where the goods of an order are.
fn whereabouts(unit: &Unit<'_>, order: &Order) -> Step<Whereabouts> {
    if !order.has_destination() {
        return Ok(Whereabouts::InHouse);
    }
    if let Some(storage) = unit.rows.storages.get(StorageKey(order.id()))? {
        return Ok(match storage.state {
            warehouse::State::InStorage | warehouse::State::AssociatedWithOrder | warehouse::State::OnAuction => {
                Whereabouts::InHouse
            }
            warehouse::State::RemovedFromStorage => Whereabouts::Delivered,
            warehouse::State::Sold => Whereabouts::SoldAtAuction,
        });
    }
    let shipment = unit.rows.shipments.get(ShipmentKey(order.id()))?;
    Ok(match shipment.map(|shipment| shipment.state) {
        None | Some(shipment::State::Pending | shipment::State::Canceled) => Whereabouts::InHouse,
        Some(
            shipment::State::Shipped
            | shipment::State::InTransit
            | shipment::State::OutForDelivery
            | shipment::State::Delayed
            | shipment::State::FailedDelivery,
        ) => Whereabouts::OnTheWay,
        Some(shipment::State::Delivered) => Whereabouts::Delivered,
        Some(shipment::State::Returned) => Whereabouts::CameBack,
    })
}

/// Goods, points, coupon and money go back where they came from, in one commit. Goods that are awaited come later.
pub(crate) fn give_back(unit: &mut Unit<'_>, order: &Order, back: &Return) -> Step {
    match back.goods {
        Goods::Returned => restock(unit, &back.lines)?,
        Goods::WrittenOff => write_off(unit, &back.lines)?,
        Goods::Awaited => {}
    }
    if !back.points.is_zero() {
        participants::give_taken_points_back(unit, order.user(), (order.id(), back.points))?;
    }
    if let Some(wanted) = order.created.coupon.filter(|_| back.is_last) {
        participants::give_used_coupon_back(unit, (wanted.campaign, order.user()), order.id())?;
    }
    if !back.money.is_zero() {
        payments::refund(unit, order, back.money)?;
    }
    shipments::call_off(unit, order, back.is_last)
}

/// Awaited goods are on hand again, or never will be.
pub(crate) fn arrived(unit: &mut Unit<'_>, lines: &[(ProductId, i64)], is_written_off: bool) -> Step {
    if is_written_off { write_off(unit, lines) } else { restock(unit, lines) }
}

fn restock(unit: &mut Unit<'_>, lines: &[(ProductId, i64)]) -> Step {
    for (product, quantity) in lines {
        let command = stock::Command::Return { quantity: *quantity };
        participants::move_claimed(unit, *product, &command)?;
    }
    Ok(())
}

/// They count as written off, with a receipt that says why.
fn write_off(unit: &mut Unit<'_>, lines: &[(ProductId, i64)]) -> Step {
    let reason: Arc<str> = WRITTEN_OFF.into();
    for (product_id, quantity) in lines.iter().copied() {
        let command = stock::Command::WriteOffSold { quantity };
        participants::move_claimed(unit, product_id, &command)?;
        catalogue::write_receipt(unit, product_id, -quantity, &reason);
    }
    Ok(())
}

pub(crate) fn told(lines: &[(ProductId, i64)]) -> Vec<Sold> {
    lines.iter().map(|(product, units)| Sold { id: *product, qty: *units }).collect()
}
