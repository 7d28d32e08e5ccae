//! Law 14: goods are shipped or stored only when their order is paid or pays on delivery, and a paid order with a
//! destination does not wait (P-07).

use domain::order::{Order, Outcome, Status};
use domain::shipment::State;

use super::list;
use crate::audit::dossier::Dossier;
use crate::audit::report::{Verdict, ensure};
use crate::events::event::{Event, EventKind};
use crate::state::rows::Fulfilment;

pub(in crate::audit) fn shipments(dossier: &Dossier) -> Verdict {
    let (name, fulfilment) = (&dossier.name, &dossier.facts.fulfilment);
    let has_goods = fulfilment.shipment.is_some() || fulfilment.storage.is_some();
    let Some(order) = dossier.order() else {
        return ensure(!has_goods, || {
            format!("{name}: goods were shipped for it, but it does not exist, or cannot be read")
        });
    };
    ensure(!has_goods || order.outcome == Outcome::Completed, || {
        format!("{name}: is {}, but its goods were shipped or stored", order.outcome.name())
    })?;
    ensure(!has_goods || order.has_destination(), || {
        format!("{name}: its goods were shipped or stored without a destination")
    })?;
    // The goods of a cancelled parcel may have been stored instead.
    let has_parcel = fulfilment.shipment.as_ref().is_some_and(|parcel| parcel.state != State::Canceled);
    ensure(!has_parcel || fulfilment.storage.is_none(), || format!("{name}: its goods were both shipped and stored"))?;
    ensure(status_fits(order, fulfilment), || {
        format!("{name}: is {}, its goods are {}", order.status.name(), goods(fulfilment))
    })?;
    let waits = order.outcome == Outcome::Completed && order.has_destination() && !has_goods;
    ensure(!waits || dossier.is_cut || is_asked_for(dossier), || {
        format!("{name}: is paid, but its goods were neither shipped nor stored")
    })
}

/// The states of a parcel and of stored goods in a complaint.
fn goods(fulfilment: &Fulfilment) -> String {
    let shipment = fulfilment.shipment.as_ref().map(|shipment| format!("{} as a parcel", shipment.state.name()));
    let storage = fulfilment.storage.map(|storage| format!("{} in the warehouse", storage.state.name()));
    list(shipment.into_iter().chain(storage))
}

/// Checks that the order's status fits its shipment or storage, and that nothing of a refunded order is still to be
/// shipped.
fn status_fits(order: &Order, fulfilment: &Fulfilment) -> bool {
    let Some(shipment) = &fulfilment.shipment else {
        return !matches!(order.status, Status::ShipmentStarted | Status::InTransit);
    };
    match shipment.state {
        State::Pending => order.status == Status::Preparing,
        State::Shipped => order.status == Status::ShipmentStarted,
        State::Delayed => matches!(order.status, Status::ShipmentStarted | Status::InTransit),
        State::InTransit | State::OutForDelivery | State::FailedDelivery => order.status == Status::InTransit,
        State::Delivered => matches!(order.status, Status::Completed | Status::RefundRequested | Status::Refunded),
        // In transit where the shop rejected the refund of returned goods.
        State::Returned => {
            matches!(order.status, Status::Completed | Status::RefundRequested | Status::Refunded | Status::InTransit)
        }
        State::Canceled if fulfilment.storage.is_some() => {
            matches!(order.status, Status::Completed | Status::RefundRequested | Status::Refunded)
        }
        State::Canceled => {
            matches!(order.status, Status::Cancelled | Status::RefundRequested | Status::Refunded | Status::Preparing)
        }
    }
}

/// Returns true if the destination came after the payment, and the group that ships has not handled that event yet.
fn is_asked_for(dossier: &Dossier) -> bool {
    let own = dossier.history().map(|(event, _)| event.kind()).filter(|kind| {
        matches!(kind, EventKind::OrderCompleted | EventKind::OrderProcessingRequested | EventKind::OrderStatusChanged)
    });
    own.last() == Some(EventKind::OrderProcessingRequested)
        || dossier.history().any(|(event, _)| matches!(event, Event::OrderReturned(back) if back.is_last))
}
