//! OpenAPI texts: drops.

use crate::api::products::drops::DropBody;
use crate::api::products::proof::NDJSON;
use crate::api::products::waiting::TicketBody;
use crate::http::Code;
use crate::openapi::{Answer, Link, Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Products, "listDrops", "List drops")
        .paragraph("Includes drops that have ended, have not started, or are paused.")
        .returns("A page of drops.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Products, "getDrop", "Get a drop")
        .paragraph("Its products are sold from `startsAt` until `endsAt`, and within its limits for each customer.")
        .returns("The drop. `available` is never cached.")
}

pub(in crate::api) fn create() -> Operation {
    let id = "$response.body#/dropId";
    let created = Answer::json::<DropBody>(201, "The drop.")
        .link(Link::new("drop", "getDrop", "id", id))
        .link(Link::new("change", "changeDrop", "id", id))
        .link(Link::new("state", "getDropToChange", "id", id));
    Operation::new(Tag::Administration, "createDrop", "Create a drop")
        .paragraph(
            "From now on its products are sold in this drop only, also after it has ended, until another drop takes them \
             over. Limits count the units of a customer's orders; cancelled orders and returned units do not count.",
        )
        .paragraph(
            "With `perPaymentMethod`, a card or account is counted when the provider authorizes a payment, before the money is \
             taken. Above the limit the order is cancelled with the reason `payment_method.limit_exceeded`.",
        )
        .answers(created)
        .refuses([Code::ProductNotFound, Code::DropProductTaken])
}

pub(in crate::api) fn get_tagged() -> Operation {
    Operation::new(Tag::Administration, "getDropToChange", "Get a drop to change it")
        .paragraph("The `ETag` names its end, its pause and its rate, for `If-Match` of a change.")
        .returns("The drop.")
}

pub(in crate::api) fn change() -> Operation {
    Operation::new(Tag::Administration, "changeDrop", "Change a drop")
        .paragraph("Moves its end, pauses or resumes it, or changes the rate of its waiting room. An absent field is not changed.")
        .returns("The changed drop.")
        .refuses([Code::DropEnded, Code::QueueNotFound])
}

pub(in crate::api) fn release() -> Operation {
    Operation::new(Tag::Administration, "releaseDrop", "Release the products of a drop")
        .paragraph("Sells the products of a drop that has ended without it. Products that another drop has taken over stay there.")
        .returns("The drop.")
        .refuses([Code::DropNotEnded])
}

pub(in crate::api) fn join() -> Operation {
    Operation::new(Tag::Products, "joinQueue", "Join the waiting room of a drop")
        .paragraph(
            "A customer has one ticket; a repeat answers with it. The place is kept over reconnects and restarts. Whose time to \
             order is over, or who left, gets a new ticket at the end.",
        )
        .answers(Answer::json::<TicketBody>(202, "Your ticket."))
        .refuses([Code::DropEnded, Code::QueueNotFound])
}

pub(in crate::api) fn queue() -> Operation {
    Operation::new(Tag::Products, "getQueue", "Get your place in the waiting room of a drop")
        .paragraph(
            "Positions move once per second. With `status` ADMITTED, send the ticket as `Queue-Ticket` with an order.",
        )
        .returns("Your ticket.")
        .refuses([Code::TicketNotFound])
}

pub(in crate::api) fn leave() -> Operation {
    Operation::new(Tag::Products, "leaveQueue", "Leave the waiting room of a drop")
        .paragraph("Gives the place up.")
        .answers(Answer::new(204, "The place is given up."))
        .refuses([Code::TicketNotFound])
}

pub(in crate::api) fn proof() -> Operation {
    const LINES: &str = "{\"dropId\":5,\"name\":\"Saturday\",\"startsAt\":\"2026-11-21T12:00:00Z\",\"endsAt\":\"2026-11-21T13:00:00Z\",\"seedCommitment\":\"…\",\"entries\":0,\"head\":\"…\"}\n";
    Operation::new(Tag::Products, "getDropProof", "Get the proof of a drop")
        .paragraph(
            "A line of JSON about the drop, then one for each join, leave, admission and claim in the order of decision. Each line \
             has the hash of the line before, and customers are hashes. `doorbuster verify` checks it.",
        )
        .answers(Answer::text(200, "The whole chain.", NDJSON, LINES))
}

pub(in crate::api) fn root() -> Operation {
    Operation::new(Tag::Products, "getDropRoot", "Get one hash over the proofs of all drops")
        .paragraph(
            "Publish `root` each day where it cannot be changed: every later proof of these drops must contain the `head` that is \
             here, or entries were removed or changed since.",
        )
        .returns("The root of this moment.")
}

pub(in crate::api) fn receipt() -> Operation {
    Operation::new(Tag::Orders, "getOrderReceipt", "Get the receipt of an order of a drop")
        .paragraph("The order's line in the proof of its drop. An order of several drops has one for each: name the drop as `dropId`.")
        .returns("The receipt.")
        .refuses([Code::ReceiptNotFound])
}
