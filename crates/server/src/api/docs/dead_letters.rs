//! Dead letters.

use crate::http::Code;
use crate::openapi::{Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listDeadLetters", "What consumer groups have given up")
        .says("Each letter is an event that one group could not handle; every other group has handled it as usual.")
        .gives("A page of dead letters, newest first.")
}

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getDeadLetter", "A dead letter")
        .says("With the event, the error of the last attempt, and everything that operators did with it.")
        .gives("The letter as it is now.")
}

pub(in crate::api) fn edit() -> Operation {
    Operation::new(Tag::Administration, "editDeadLetter", "Correct what a dead letter says")
        .says("What it said before is kept in it. It is tried when it is sent again.")
        .gives("The letter as it is now.")
        .refuses([Code::LetterClosed])
}

pub(in crate::api) fn resend() -> Operation {
    Operation::new(Tag::Administration, "resendDeadLetter", "Have a dead letter handled now")
        .says("By its own group alone. A group that has handled the event already does nothing.")
        .gives("The letter as it is now: HANDLED, or open with the new error.")
        .refuses([Code::LetterClosed])
}

pub(in crate::api) fn drop() -> Operation {
    Operation::new(Tag::Administration, "dropDeadLetter", "Decide that a dead letter need not be handled")
        .says("The letter is closed: its group never handles the event. The reason is kept.")
        .gives("The letter as it is now.")
        .refuses([Code::LetterClosed])
}
