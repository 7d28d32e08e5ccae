//! People, and the live notices that they get.

use crate::api::users::RegisteredBody;
use crate::http::Code;
use crate::http::headers::Prefer;
use crate::openapi::{Answer, Link, Operation, Tag};

const NOTICE: &str = "id: 3\nevent: order.completed\ndata: {\"orderId\":\"ORD-7M3K9Q2XWP4T\",\
\"orderNumber\":\"ORD-7M3K9Q2XWP4T\",\"outcome\":\"COMPLETED\",\"reason\":null,\"status\":\"PREPARING\"}\n\n";

const NOTICES: &str = "`order.completed`, `order.cancelled` and `order.status` carry `{orderId, orderNumber, outcome, status, \
reason}`; `coupon.issued` and `coupon.refused` carry `{success, couponId, userCouponId, couponHistoryId, issueNumber}` and, when \
a request is answered, `{requestId, resultCode}`. `reset` stands where notices are missing because they are too old or too many.";

const NUMBERED: &str = "A customer's notices are numbered from 1 without gap, and kept: a reader that gives the last number it \
has goes on after it, and misses nothing.";

pub(in crate::api) fn register() -> Operation {
    let login = Link::described("login", "login", "With the same `email` and `password`.");
    Operation::new(Tag::People, "registerUser", "Register")
        .says("Anybody may: the new user is a customer. To log in is another call.")
        .answers(Answer::json::<RegisteredBody>(201, "The new user's id.").link(login))
        .refuses([Code::UserEmailTaken])
}

pub(in crate::api) fn login() -> Operation {
    Operation::new(Tag::People, "login", "Log in")
        .says("An unknown address and a wrong password look the same.")
        .gives("A bearer token.")
        .refuses([Code::AuthInvalidCredentials, Code::Overloaded])
}

pub(in crate::api) fn events() -> Operation {
    let operation = Operation::new(Tag::Live, "streamNotices", "Own notices as server-sent events");
    Prefer::describe_wait(
        operation,
        "ends the stream after N seconds (at most {max}), for readers that take an answer as a whole",
    )
    .says(NUMBERED)
    .says(NOTICES)
    .answers(Answer::text(
        200,
        "A stream that ends when the token expires, after the event `auth.expired`; a comment every 15 seconds.",
        "text/event-stream",
        NOTICE,
    ))
}

pub(in crate::api) fn socket() -> Operation {
    Operation::new(Tag::Live, "openSocket", "Own notices over a WebSocket")
        .says("The same messages as text frames `{id, type, data}`, with `topic` for an order that was subscribed to.")
        .says(NUMBERED)
        .says(NOTICES)
        .says(
            "The reader may send `{\"resumeAfter\": id}` and `{\"subscribe\": \"/topic/order/{orderNumber}\"}`. What cannot be done \
             is answered by a frame of type `error` with `{code, detail}`; a subscription, by one of type `order.status`. Neither \
             is a notice, so they have no `id`. The connection closes with 1001 when the shop stops, 4000 when the reader is too \
             slow, 4001 when its token expires.",
        )
        .answers(Answer::new(101, "The conversation begins."))
}
