//! Payment, shipment, warehouse, refund.

use crate::api::fulfilment::{PaymentBody, ProcessingBody};
use crate::api::response::render;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Header, Operation, Tag};

pub(in crate::api) fn pay() -> Operation {
    let paid = Answer::json::<PaymentBody>(200, "Paid.");
    let under_way = Answer::json::<PaymentBody>(202, "On its way; the order's status tells what comes of it.")
        .header(Header::RetryAfter);
    Prefer::describe(Operation::new(Tag::Orders, "payOrder", "Pay for an order"))
        .says("Waits up to 10 seconds, or as long as `Prefer: wait` says. A refused order may be paid again until `payBefore`.")
        .answers(paid)
        .answers(under_way)
        .refuses([Code::PaymentDeclined, Code::PaymentNotDue, Code::PaymentNotYetDue, Code::OrderNotPayable])
        .refuses([Code::PaymentAlreadyPaid])
        .refuses([Code::PaymentInProgress, Code::PaymentAmountMismatch])
}

pub(in crate::api) fn process() -> Operation {
    let done =
        Answer::json::<render::OrderBody>(200, "The order, when `Prefer: wait` was given and it was done in time.");
    let taken_in = Answer::json::<ProcessingBody>(202, "Taken in, durably. The order's status tells what comes of it.")
        .header(Header::RetryAfter);
    Prefer::describe(Operation::new(Tag::Orders, "processOrder", "Pay for an order and send it in one step"))
        .says(
            "Payment, shipment, warehouse and status: all of it or nothing. The same wish again changes nothing. \
             Another destination is taken as long as the goods have not left and are not stored, and refused afterwards. An \
             order that is paid already is only sent.",
        )
        .answers(done)
        .answers(taken_in)
        .refuses([Code::PaymentNotDue, Code::PaymentNotYetDue, Code::OrderNotPayable, Code::PaymentAmountMismatch])
        .refuses([Code::PaymentDeclined, Code::PaymentInProgress, Code::ShipmentNotPossible])
}

pub(in crate::api) fn refund() -> Operation {
    let order = Answer::json::<render::OrderBody>(
        200,
        "The order. When nothing of it is left it is REFUND_REQUESTED, and REFUNDED as soon as the money is back.",
    );
    Prefer::describe(Operation::new(Tag::Orders, "refundOrder", "Give an order back"))
        .says(
            "Before the goods have left, they come back at once. Afterwards the order is REFUND_REQUESTED until the shop approves \
             or rejects it; while they are on their way, and when somebody bought them at auction, it is refused.",
        )
        .says(
            "All that is left of it, or some units. Discount and points are shared over the lines by largest remainder, so \
             that parts add up to the whole. The coupon comes back with the last of it.",
        )
        .answers(order)
        .refuses([Code::OrderNotRefundable])
}

fn decision(id: &'static str, summary: &'static str, order: &'static str) -> Operation {
    let order = Answer::json::<render::OrderBody>(200, order);
    Prefer::describe(Operation::new(Tag::Administration, id, summary))
        .answers(order)
        .refuses([Code::OrderNotRefundable, Code::PaymentInProgress])
}

pub(in crate::api) fn approve_refund() -> Operation {
    let order =
        "The order. Its money is on its way back; REFUNDED as soon as it is there, if nothing of the order is left.";
    decision("approveRefund", "Take back what a customer asked to give back", order)
        .says("Only where a refund waits for the shop: the goods had left. The price goes back at once, the goods as `goods` says.")
}

pub(in crate::api) fn reject_refund() -> Operation {
    decision("rejectRefund", "Refuse what a customer asked to give back", "The order, where it stood before.")
        .says("The customer is told, with the reason.")
}

pub(in crate::api) fn take_in_refund() -> Operation {
    decision("takeInRefund", "Say that refunded goods arrived", "The order.")
        .says("They are on sale again, or, with `writeOff`, are written off.")
}

pub(in crate::api) fn list_shipments() -> Operation {
    Operation::new(Tag::Administration, "listShipments", "Goods on their way")
        .says("One for each order whose goods leave the house.")
        .gives("A page of shipments, those of the newest orders first.")
}

pub(in crate::api) fn get_shipment() -> Operation {
    Operation::new(Tag::Administration, "getShipment", "The shipment of an order")
        .says("Where the goods of an order are, and the carrier's number once it is known.")
        .gives("Where the goods are.")
        .refuses([Code::ShipmentNotFound])
}

pub(in crate::api) fn change_shipment() -> Operation {
    Operation::new(Tag::Administration, "changeShipment", "Say where the goods of an order are")
        .says("PENDING → SHIPPED → IN_TRANSIT → OUT_FOR_DELIVERY → DELIVERED; the order's status follows.")
        .gives("Where the goods are now.")
        .refuses([Code::OrderNotFound, Code::ShipmentNotFound, Code::ShipmentNotPossible])
}

pub(in crate::api) fn list_stored() -> Operation {
    Operation::new(Tag::Administration, "listStorages", "Goods in the warehouse")
        .says("One for each order whose goods are kept in the warehouse.")
        .gives("A page of what is kept for orders, the newest orders first.")
}

pub(in crate::api) fn get_stored() -> Operation {
    Operation::new(Tag::Administration, "getStorage", "What is kept for an order")
        .says("The goods of an order that are kept in the warehouse.")
        .gives("What became of the goods.")
        .refuses([Code::ShipmentNotFound])
}

pub(in crate::api) fn change_stored() -> Operation {
    Operation::new(Tag::Administration, "changeStorage", "Say what becomes of goods that are kept")
        .says("Goods that are kept are sent, auctioned or given back; the order's status follows.")
        .gives("What became of the goods.")
        .refuses([Code::OrderNotFound, Code::ShipmentNotFound, Code::ShipmentNotPossible])
}
