//! OpenAPI texts: orders.

use crate::api::orders::Receipt;
use crate::api::orders::status::StatusBody;
use crate::api::response::render;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Header, Link, Operation, Tag};

const NUMBER: &str = "orderNumber";
const FILTERED: &str = "With a filter, a page can be short or empty although more orders follow, because at most 1000 orders are \
                        scanned per page. Only the last page has no `nextCursor`.";

fn link(name: &'static str, operation: &'static str, value: &'static str) -> Link {
    Link::new(name, operation, NUMBER, value)
}

/// Links from an answer's `orderNumber` to the operations that take it.
fn followed(answer: Answer) -> Answer {
    const VALUE: &str = "$response.body#/orderNumber";
    answer
        .link(link("order", "getOrder", VALUE))
        .link(link("status", "getOrderStatus", VALUE))
        .link(link("events", "listOrderEvents", VALUE))
        .link(link("cancel", "cancelOrder", VALUE))
}

pub(in crate::api) fn place() -> Operation {
    let receipt = Answer::json::<Receipt>(202, "Accepted and durable. The outcome is decided later.")
        .header(Header::Location)
        .header(Header::RetryAfter);
    let order = Answer::json::<render::OrderBody>(
        200,
        "The order, if `Prefer: wait` was sent, or the mode is `sync`, and the outcome was known in time.",
    )
    .header(Header::Location);
    Prefer::describe(Operation::new(Tag::Orders, "placeOrder", "Place an order"))
        .paragraph(
            "A valid request is accepted. Stock, coupon and points are then claimed, all or nothing. If one of them cannot be \
             claimed, the order ends CANCELLED with a `reason`.",
        )
        .paragraph(
            "Reasons: `stock.exhausted`, `product.not_on_sale`, `coupon.not_usable`, `points.insufficient`, \
             `step.timed_out`, `order.cancelled_by_customer`, `order.cancelled_by_admin`, \
             `payment.expired`, `payment_method.limit_exceeded`; `shipment.returned` if the parcel could not be delivered.",
        )
        .paragraph("Units of a drop are counted against its limits before the order is accepted.")
        .answers(followed(receipt))
        .answers(followed(order))
        .refuses([Code::OrderEmpty, Code::AuthForbidden, Code::ProductNotFound, Code::CouponNotFound])
        .refuses([Code::PriceChanged, Code::CouponNotUsable])
        .refuses([Code::DropNotStarted, Code::DropEnded, Code::DropPaused, Code::LimitExceeded])
        .refuses([Code::QueueTicketRequired, Code::CardLimitExceeded, Code::PrepaymentRequired])
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Orders, "listOrders", "List your orders")
        .paragraph("Returns the orders of the token's user that match every filter. Default: all of them, whatever their outcome.")
        .paragraph(FILTERED)
        .returns("A page of your orders, newest first.")
        .link(200, link("newest", "getOrder", "$response.body#/data/0/orderNumber"))
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Orders, "getOrder", "Get an order")
        .paragraph("`outcome` is the result of claiming, `status` the order's place in its life cycle, `steps` what has been claimed so far.")
        .returns("The order with its steps, amounts and outcome.")
}

pub(in crate::api) fn status() -> Operation {
    Operation::new(Tag::Orders, "getOrderStatus", "Get the status of an order")
        .paragraph("A small answer, meant for polling until the order's outcome is final.")
        .answers(Answer::json::<StatusBody>(
            200,
            "Outcome, status and progress, with a description in the language of `Accept-Language`.",
        ))
}

pub(in crate::api) fn events() -> Operation {
    Operation::new(Tag::Orders, "listOrderEvents", "List the events of an order")
        .paragraph("Every change of the order with the command or event that caused it, oldest first, on one page.")
        .returns("Every change, oldest first, with its cause.")
}

pub(in crate::api) fn cancel() -> Operation {
    let order = Answer::json::<render::OrderBody>(
        200,
        "The order. While its claims are being released, its outcome is COMPENSATING.",
    );
    Prefer::describe(Operation::new(Tag::Orders, "cancelOrder", "Cancel an order"))
        .paragraph(
            "Possible until the goods are shipped. A paid order is refunded as a whole: goods, coupon, points and money. Its outcome \
             stays COMPLETED, and its status becomes CANCELLED.",
        )
        .answers(order)
        .refuses([Code::OrderNotCancellable])
}

pub(in crate::api) fn list_all() -> Operation {
    Operation::new(Tag::Administration, "listAllOrders", "List the orders of all users")
        .paragraph("Returns the orders that match every filter. Default: all. `outcome=COMPENSATION_STUCK` lists those that wait for an operator.")
        .paragraph(FILTERED)
        .returns("A page of orders, newest first.")
        .link(200, link("newest", "getAnyOrder", "$response.body#/data/0/orderNumber"))
}

/// The same operation on the order of any user, for admins.
pub(in crate::api) fn of_any(operation: Operation, id: &'static str, summary: &'static str) -> Operation {
    Operation { id, summary, tag: Tag::Administration, ..operation }
}

pub(in crate::api) fn resolve() -> Operation {
    let order = Answer::json::<render::OrderBody>(200, "The order, CANCELLED, with all of its claims released.");
    Prefer::describe(Operation::new(Tag::Administration, "resolveOrder", "Resolve a stuck compensation"))
        .paragraph("Only for an order whose outcome is COMPENSATION_STUCK. The shop itself restores what no participant has confirmed as \
             restored, in one commit. The order's events record who resolved it and why.")
        .answers(order)
        .refuses([Code::OrderNotCancellable])
}

pub(in crate::api) fn extend() -> Operation {
    let order = Answer::json::<render::OrderBody>(200, "The order, with its new `payBefore`.");
    Prefer::describe(Operation::new(Tag::Administration, "extendHold", "Give a customer more time to pay"))
        .paragraph(
            "The order keeps its products, its coupon and its points until then. Only for an order that waits for payment. Each \
             extension is an event, `OrderHoldExtended`, with the products and their units.",
        )
        .answers(order)
        .refuses([Code::PaymentNotDue, Code::PaymentNotYetDue, Code::OrderNotPayable, Code::PaymentAlreadyPaid])
}

pub(in crate::api) fn resume() -> Operation {
    let order =
        Answer::json::<render::OrderBody>(200, "The order. Its outstanding restorations have been requested again.");
    Prefer::describe(Operation::new(Tag::Administration, "resumeOrder", "Resume a stuck compensation"))
        .paragraph(
            "Requests the outstanding restorations again. Only for an order whose outcome is COMPENSATION_STUCK.",
        )
        .answers(order)
        .refuses([Code::OrderNotCancellable])
}
