//! OpenAPI texts: the event log and histories.

use crate::http::Code;
use crate::openapi::{Operation, Tag};

const SCANNED: &str = "A page looks at most at 10,000 positions of the log, so with a filter it can be short or empty although more \
                       events follow. Only the last page has no `nextCursor`.";

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listEvents", "List everything that ever happened")
        .paragraph(
            "Returns the events that match every filter, with what became of each: COMPLETED when every consumer group has \
             handled it. `orderId` is looked up, times are found by halving; the other filters walk.",
        )
        .paragraph(SCANNED)
        .returns("A page of events, newest first.")
}

fn history(id: &'static str, summary: &'static str, text: &str) -> Operation {
    Operation::new(Tag::Administration, id, summary)
        .paragraph(
            "Returns the state after every event up to `asOf`, computed from the events alone, and these events.",
        )
        .paragraph(text)
        .paragraph(SCANNED)
        .refuses([Code::HistoryArchived])
        .returns("The state at that moment, and a page of the events up to it, oldest first.")
}

pub(in crate::api) fn of_campaign() -> Operation {
    history(
        "getCouponHistory",
        "Get a campaign as it was",
        "Campaigns of older versions do not tell their `queueKey`; it is then shown as `campaign`.",
    )
}

pub(in crate::api) fn of_product() -> Operation {
    history(
        "getProductHistory",
        "Get a product as it was",
        "The counters are sums over all movements, so all events since the registration are walked through.",
    )
}

pub(in crate::api) fn of_order() -> Operation {
    history(
        "getOrderHistory",
        "Get an order as it was",
        "No event names the receiver, so the state has none. With the log executor, `steps` shows reports from the moment \
         at which the participant made them; the order itself learns of them a moment later.",
    )
}

pub(in crate::api) fn of_user() -> Operation {
    history(
        "getUserHistory",
        "Get a customer's points and coupons as they were",
        "Events of older versions show the use of a coupon when its order is completed. A customer is found from the registration or the \
         first write on; one whom only a token names is not.",
    )
    .refuses([Code::UserNotFound])
}
