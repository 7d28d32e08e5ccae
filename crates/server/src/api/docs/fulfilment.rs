//! OpenAPI texts: payment, shipment, warehouse, refund.

use crate::api::fulfilment::ProcessingBody;
use crate::api::fulfilment::paying::PaymentBody;
use crate::api::response::render;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Header, Operation, Tag};

pub(in crate::api) fn pay() -> Operation {
    let paid = Answer::json::<PaymentBody>(200, "The order is paid.");
    let under_way =
        Answer::json::<PaymentBody>(202, "The payment is in progress: poll the order's status for the result. Or the customer must act: send them to `nextAction`.")
            .header(Header::RetryAfter);
    Prefer::describe(Operation::new(Tag::Orders, "payOrder", "Pay for an order"))
        .paragraph("Waits for the result up to 10 seconds, or as long as `Prefer: wait` says. After a declined payment, the order can be paid again until `payBefore`.")
        .paragraph("With REQUIRES_ACTION the customer must act at the provider, such as by 3-D Secure, within the setting `payment.action_within_s`; the order does not expire meanwhile. The provider's callback completes the payment. A repeat of the request asks the provider at once, and returns the result or the same action.")
        .paragraph("If a drop has a limit for each card, `payment_method.limit_exceeded` cancels the order; its money is not taken.")
        .answers(paid)
        .answers(under_way)
        .refuses([Code::PaymentDeclined, Code::PaymentNotDue, Code::PaymentNotYetDue, Code::OrderNotPayable])
        .refuses([Code::PaymentAlreadyPaid, Code::CardLimitExceeded])
        .refuses([Code::PaymentInProgress, Code::PaymentAmountMismatch])
}

pub(in crate::api) fn process() -> Operation {
    let done =
        Answer::json::<render::OrderBody>(200, "The order, if `Prefer: wait` was sent and processing ended in time.");
    let taken_in = Answer::json::<ProcessingBody>(202, "Accepted and durable. Poll the order's status for the result.")
        .header(Header::RetryAfter);
    Prefer::describe(Operation::new(Tag::Orders, "processOrder", "Pay for an order and ship it in one step"))
        .paragraph(
            "Payment, shipment, warehouse and status change all together or not at all. Repeating the same request changes nothing. \
             The destination can be changed until the goods are shipped or stored. An order that is already paid is only shipped; another method of payment is then refused with `payment.already_paid`.",
        )
        .answers(done)
        .answers(taken_in)
        .refuses([Code::PaymentNotDue, Code::PaymentNotYetDue, Code::OrderNotPayable, Code::PaymentAmountMismatch])
        .refuses([Code::PaymentDeclined, Code::PaymentInProgress, Code::PaymentAlreadyPaid, Code::ShipmentNotPossible])
        .refuses([Code::CardLimitExceeded])
}

pub(in crate::api) fn refund() -> Operation {
    let order = Answer::json::<render::OrderBody>(
        200,
        "The order. After a refund of everything, its status is REFUND_REQUESTED, and REFUNDED once the money is returned.",
    );
    Prefer::describe(Operation::new(Tag::Orders, "refundOrder", "Refund an order"))
        .paragraph(
            "Before the goods are shipped, the refund is immediate. After delivery, the order is REFUND_REQUESTED until the shop \
             approves or rejects the refund. While the goods are in transit, and after they were sold at auction, a refund is not possible.",
        )
        .paragraph(
            "Refunds the units in `lines`. Default: all that are left. Discount and points are divided over the lines by largest \
             remainder, so that partial refunds add up to the whole. The coupon is returned with the last unit.",
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
        "The order. The refund is in progress. If no unit is left, the status is REFUNDED once the money is returned.";
    decision("approveRefund", "Approve a refund request", order)
        .paragraph("Only for an order whose refund waits for the shop, because its goods had been shipped. The price is refunded at once; `goods` says what happens to the goods.")
}

pub(in crate::api) fn reject_refund() -> Operation {
    decision("rejectRefund", "Reject a refund request", "The order, with the status it had before the request.")
        .paragraph("The customer gets a notice with the reason.")
}

pub(in crate::api) fn take_in_refund() -> Operation {
    decision("takeInRefund", "Receive refunded goods", "The order.")
        .paragraph("The units become available for sale again or, with `writeOff`, are written off.")
}

pub(in crate::api) fn list_shipments() -> Operation {
    Operation::new(Tag::Administration, "listShipments", "List shipments")
        .paragraph("An order has at most one shipment.")
        .returns("A page of shipments, those of the newest orders first.")
}

pub(in crate::api) fn get_shipment() -> Operation {
    Operation::new(Tag::Administration, "getShipment", "Get the shipment of an order")
        .paragraph("Returns the shipment's status and, once it is known, the carrier's tracking number.")
        .returns("The shipment.")
        .refuses([Code::ShipmentNotFound])
}

pub(in crate::api) fn change_shipment() -> Operation {
    Operation::new(Tag::Administration, "changeShipment", "Change the status of a shipment")
        .paragraph("PENDING → SHIPPED → IN_TRANSIT → OUT_FOR_DELIVERY → DELIVERED. The order's status follows.")
        .returns("The changed shipment.")
        .refuses([Code::OrderNotFound, Code::ShipmentNotFound, Code::ShipmentNotPossible])
}

pub(in crate::api) fn list_stored() -> Operation {
    Operation::new(Tag::Administration, "listStorages", "List warehouse storages")
        .paragraph("An order whose goods are stored in the warehouse has one storage.")
        .returns("A page of storages, those of the newest orders first.")
}

pub(in crate::api) fn get_stored() -> Operation {
    Operation::new(Tag::Administration, "getStorage", "Get the warehouse storage of an order")
        .paragraph("Returns the status of the goods that the warehouse stores for the order.")
        .returns("The storage.")
        .refuses([Code::ShipmentNotFound])
}

pub(in crate::api) fn change_stored() -> Operation {
    Operation::new(Tag::Administration, "changeStorage", "Change the status of a warehouse storage")
        .paragraph("Stored goods are shipped, auctioned or returned. The order's status follows.")
        .returns("The changed storage.")
        .refuses([Code::OrderNotFound, Code::ShipmentNotFound, Code::ShipmentNotPossible])
}
