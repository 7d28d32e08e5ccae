//! Refunds: on the customer's request before goods are shipped, by the shop's decision afterwards (P-06).

use std::sync::Arc;

use domain::ids::{OrderId, ProductId};
use domain::order::fulfilment::{self, Goods, Return};
use domain::order::{Order, Whereabouts};
use domain::{shipment, stock, warehouse};

use crate::commands::answer::Answer;
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::fulfilment::{payments, shipments};
use crate::commands::order::advance;
use crate::commands::{RefundDecision, RefundWanted, catalogue, participants};
use crate::events::event::Sold;
use crate::state::rows::{ShipmentKey, StorageKey};

/// The reason on receipts for refunded units that did not come back.
const WRITTEN_OFF: &str = "refunded goods written off";

/// Refunds units of a completed order, or requests the shop's decision.
pub(crate) fn refund(context: &mut Context<'_>, wanted: &RefundWanted) -> Answered {
    let RefundWanted { order: id, lines, note, by_shop } = wanted;
    let order = context.order(*id)?.order;
    let goods = whereabouts(context, &order)?;
    let (lines, note, by_shop) = (lines.clone(), note.clone(), *by_shop);
    advance(context, *id, fulfilment::Command::Refund { lines, note, goods, by_shop })?;
    conclude(context, *id)
}

/// The shop approves or rejects a requested refund.
pub(crate) fn decide(context: &mut Context<'_>, id: OrderId, decision: &RefundDecision) -> Answered {
    let command = match decision {
        RefundDecision::Approve { goods } => fulfilment::Command::ApproveRefund { goods: *goods },
        RefundDecision::Reject { note } => fulfilment::Command::RejectRefund { note: Arc::clone(note) },
    };
    advance(context, id, command)?;
    conclude(context, id)
}

/// Refunded goods arrived, or are written off.
pub(crate) fn take_in(
    context: &mut Context<'_>,
    id: OrderId,
    (lines, is_written_off): (&[(ProductId, i64)], bool),
) -> Answered {
    advance(context, id, fulfilment::Command::TakeIn { lines: lines.to_vec(), is_written_off })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Completes a refund that has no money to wait for.
fn conclude(context: &mut Context<'_>, id: OrderId) -> Answered {
    let order = context.order(id)?.order;
    let waits_for_money =
        order.is_prepaid() && payments::of(context, id)?.is_some_and(|payment| payment.is_giving_back());
    if !waits_for_money {
        advance(context, id, fulfilment::Command::ConfirmRefund)?;
    }
    Ok(Answer::OrderChanged { order: id })
}

/// Returns where the goods of an order are.
fn whereabouts(context: &Context<'_>, order: &Order) -> Handled<Whereabouts> {
    if !order.has_destination() {
        return Ok(Whereabouts::InHouse);
    }
    if let Some(storage) = context.rows.storages.get(StorageKey(order.id()))? {
        return Ok(match storage.state {
            warehouse::State::InStorage | warehouse::State::AssociatedWithOrder | warehouse::State::OnAuction => {
                Whereabouts::InHouse
            }
            warehouse::State::RemovedFromStorage => Whereabouts::Delivered,
            warehouse::State::Sold => Whereabouts::SoldAtAuction,
        });
    }
    let shipment = context.rows.shipments.get(ShipmentKey(order.id()))?;
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

/// Restores goods, points, coupon and money to where they came from, in one commit. Awaited goods follow later.
pub(crate) fn give_back(context: &mut Context<'_>, order: &Order, back: &Return) -> Handled {
    match back.goods {
        Goods::Returned => restock(context, &back.lines)?,
        Goods::WrittenOff => write_off(context, &back.lines)?,
        Goods::Awaited => {}
    }
    if !back.points.is_zero() {
        participants::give_taken_points_back(context, order.user(), (order.id(), back.points))?;
    }
    if let Some(wanted) = order.created.coupon.filter(|_| back.is_last) {
        participants::give_used_coupon_back(context, (wanted.campaign, order.user()), order.id())?;
    }
    if !back.money.is_zero() {
        payments::refund(context, order, back.money)?;
    }
    shipments::call_off(context, order, back.is_last)
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

pub(crate) fn told(lines: &[(ProductId, i64)]) -> Vec<Sold> {
    lines.iter().map(|(product, units)| Sold { id: *product, qty: *units }).collect()
}
