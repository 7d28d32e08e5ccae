//! Refunds: on the customer's request before goods are shipped, by the shop's decision afterwards (P-06).

use std::sync::Arc;

use domain::ids::{OrderId, ProductId};
use domain::order::{Order, Whereabouts, fulfilment};

use crate::commands::answer::Answer;
use crate::commands::context::{Answered, Context, Handled};
use crate::commands::fulfilment::booking;
use crate::commands::order::process::advance;
use crate::commands::{RefundDecision, RefundWanted};
use crate::state::rows::{self, ShipmentKey, StorageKey};

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
    lines: &[(ProductId, i64)],
    is_written_off: bool,
) -> Answered {
    advance(context, id, fulfilment::Command::TakeIn { lines: lines.to_vec(), is_written_off })?;
    Ok(Answer::OrderChanged { order: id })
}

/// Completes a refund that has no money to wait for.
fn conclude(context: &mut Context<'_>, id: OrderId) -> Answered {
    let order = context.order(id)?.order;
    let waits_for_money =
        order.is_prepaid() && booking::of(context, id)?.is_some_and(|payment| payment.is_giving_back());
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
    let storage = context.rows.storages.get(StorageKey(order.id()))?;
    let shipment = context.rows.shipments.get(ShipmentKey(order.id()))?;
    Ok(rows::whereabouts(storage, shipment))
}
