//! Orders.

use crate::api::orders::Receipt;
use crate::api::orders::status::StatusBody;
use crate::api::response::render;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Header, Link, Operation, Tag};

const NUMBER: &str = "orderNumber";
const FILTERED: &str = "With a filter, a page may be short or empty although more follows: a thousand orders are looked at for one \
                        page. `nextCursor` is absent on the last page alone.";

fn link(name: &'static str, operation: &'static str, value: &'static str) -> Link {
    Link::new(name, operation, NUMBER, value)
}

/// Where an order's number leads.
fn followed(answer: Answer) -> Answer {
    const VALUE: &str = "$response.body#/orderNumber";
    answer
        .link(link("order", "getOrder", VALUE))
        .link(link("status", "getOrderStatus", VALUE))
        .link(link("events", "listOrderEvents", VALUE))
        .link(link("cancel", "cancelOrder", VALUE))
}

pub(in crate::api) fn place() -> Operation {
    let receipt = Answer::json::<Receipt>(202, "Taken in, durably. The outcome follows.")
        .header(Header::Location)
        .header(Header::RetryAfter);
    let order = Answer::json::<render::OrderBody>(
        200,
        "The order, when `Prefer: wait` was given and its outcome came in time.",
    )
    .header(Header::Location);
    Prefer::describe(Operation::new(Tag::Orders, "placeOrder", "Place an order"))
        .says(
            "What is valid in itself is accepted: stock, coupon and points are then claimed, all or nothing. When they cannot \
             be, the order ends CANCELLED with a `reason`.",
        )
        .says(
            "Reasons: `stock.exhausted`, `product.not_on_sale`, `coupon.not_usable`, `points.insufficient`, \
             `step.timed_out`, `order.cancelled_by_customer`, `order.cancelled_by_admin`, \
             `payment.expired`; `shipment.returned` of a parcel that came back.",
        )
        .answers(followed(receipt))
        .answers(followed(order))
        .refuses([Code::OrderEmpty, Code::AuthForbidden, Code::ProductNotFound, Code::CouponNotFound])
        .refuses([Code::PriceChanged, Code::CouponNotUsable])
}

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Orders, "listOrders", "Own orders")
        .says("Every order of the token's user, whatever became of it, or those that meet every filter.")
        .says(FILTERED)
        .gives("A page of own orders, newest first.")
        .link(200, link("newest", "getOrder", "$response.body#/data/0/orderNumber"))
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Orders, "getOrder", "An order")
        .says("`outcome` says whether the order came about, `status` where its goods are, `steps` what has been claimed so far.").gives("The order with its steps, amounts and outcome.")
}

pub(in crate::api) fn status() -> Operation {
    Operation::new(Tag::Orders, "getOrderStatus", "How an order stands")
        .says("A short answer to ask again and again while an order is under way.")
        .answers(Answer::json::<StatusBody>(200, "Outcome, status and progress, in the language that was accepted."))
}

pub(in crate::api) fn events() -> Operation {
    Operation::new(Tag::Orders, "listOrderEvents", "An order's history")
        .says("Each change with the command or event that caused it, oldest first, all on one page.")
        .gives("Every change in order, with its cause.")
}

pub(in crate::api) fn cancel() -> Operation {
    let order = Answer::json::<render::OrderBody>(
        200,
        "The order. Giving everything back may take a moment: until then it is COMPENSATING.",
    );
    Prefer::describe(Operation::new(Tag::Orders, "cancelOrder", "Cancel an order"))
        .says(
            "Until its goods leave. An order that is paid is given back as a whole: goods, coupon, points and money; its outcome \
             stays COMPLETED, its status is CANCELLED.",
        )
        .answers(order)
        .refuses([Code::OrderNotCancellable])
}

pub(in crate::api) fn list_all() -> Operation {
    Operation::new(Tag::Administration, "listAllOrders", "Everybody's orders")
        .says("All of them, or those that meet every filter. `outcome=COMPENSATION_STUCK` shows those that wait for an operator.")
        .says(FILTERED)
        .gives("A page of orders, newest first.")
        .link(200, link("newest", "getAnyOrder", "$response.body#/data/0/orderNumber"))
}

/// The same for any order, by an admin.
pub(in crate::api) fn of_any(operation: Operation, id: &'static str, summary: &'static str) -> Operation {
    Operation { id, summary, tag: Tag::Administration, ..operation }
}

pub(in crate::api) fn resolve() -> Operation {
    let order = Answer::json::<render::OrderBody>(200, "The order, CANCELLED, with everything given back.");
    Prefer::describe(Operation::new(Tag::Administration, "resolveOrder", "Resolve a stuck compensation"))
        .says("Only for an order whose outcome is COMPENSATION_STUCK: what no participant said that it gave back, the shop gives \
             back in this commit. The history says who wanted it and why.")
        .answers(order)
        .refuses([Code::OrderNotCancellable])
}

pub(in crate::api) fn resume() -> Operation {
    let order =
        Answer::json::<render::OrderBody>(200, "The order, of which the outstanding restorations are asked again.");
    Prefer::describe(Operation::new(Tag::Administration, "resumeOrder", "Resume a stuck compensation"))
        .says("Only for an order whose outcome is COMPENSATION_STUCK.")
        .answers(order)
        .refuses([Code::OrderNotCancellable])
}
