//! OpenAPI texts: dead letters.

use crate::http::Code;
use crate::openapi::{Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listDeadLetters", "List dead letters")
        .paragraph("A dead letter is an event that one consumer group could not handle. Other groups have handled it as usual.")
        .returns("A page of dead letters, newest first.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getDeadLetter", "Get a dead letter")
        .paragraph(
            "Returns the event, the error of the last attempt, and everything that operators did with the letter.",
        )
        .returns("The dead letter.")
}

pub(in crate::api) fn edit() -> Operation {
    Operation::new(Tag::Administration, "editDeadLetter", "Edit the event of a dead letter")
        .paragraph("Replaces the event's payload; the letter's `acts` keep the payload before. The group tries the event when the letter is sent again.")
        .paragraph("Letters of `coupon-notification-group` and `order-notification-group` cannot be edited, because a notification is made from the store's own event at every attempt; nor can those whose event contradicts the store.")
        .returns("The edited dead letter.")
        .refuses([Code::DeadLetterClosed])
}

pub(in crate::api) fn resend() -> Operation {
    Operation::new(Tag::Administration, "resendDeadLetter", "Send a dead letter again")
        .paragraph("Only the letter's own group handles the event again, before this call answers. A group that has already handled it changes nothing.")
        .returns("The dead letter: HANDLED, or still open with the new error.")
        .refuses([Code::DeadLetterClosed])
}

pub(in crate::api) fn drop() -> Operation {
    Operation::new(Tag::Administration, "dropDeadLetter", "Drop a dead letter")
        .paragraph("Closes the letter: its group never handles the event. The reason is kept.")
        .paragraph("A coupon request that waits for the event ends with `SYSTEM_ERROR`. The letter of a payment, or of an order to be paid and shipped, that waits for the event is not dropped.")
        .returns("The dropped dead letter.")
        .refuses([Code::DeadLetterClosed, Code::DeadLetterAwaited])
}
