//! The modes of claiming.

use crate::openapi::{Operation, Tag};

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getModes", "Which mode orders are claimed in")
        .says("A mode is the way in which an order claims stock, coupon and points.")
        .gives("What is in force, who set it and why, and when which mode is advised.")
}

pub(in crate::api) fn put() -> Operation {
    Operation::new(Tag::Administration, "changeModes", "Claim orders in another mode")
        .says("It counts for orders that are decided after the answer, on other processes within a second, and outlives a restart.")
        .gives("What is in force now.")
}

pub(in crate::api) fn changes() -> Operation {
    Operation::new(Tag::Administration, "listModesChanges", "Who changed the mode, and why")
        .says("Every change since the shop began, by an admin or by the canary rule.")
        .gives("A page of changes, newest first.")
}

pub(in crate::api) fn list_services() -> Operation {
    Operation::new(Tag::Administration, "listServices", "Whether the participants of orders can be asked")
        .says("Of the process that answers.")
        .gives("Each participant with its breaker.")
}

pub(in crate::api) fn switch_service() -> Operation {
    Operation::new(Tag::Administration, "switchService", "Take a participant out, or back in")
        .says("Orders wait for a participant that is out, up to their deadline: to rehearse an outage, or to look at one. Of the \
             process that answers, until it ends.")
        .gives("Each participant with its breaker.")
}
