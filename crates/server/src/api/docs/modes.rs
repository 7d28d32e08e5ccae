//! OpenAPI texts: processing modes of orders, and the participants of orders.

use crate::openapi::{Operation, Tag};

pub(in crate::api) fn get() -> Operation {
    Operation::new(Tag::Administration, "getModes", "Get the processing mode of new orders")
        .paragraph("The mode decides how an order claims stock, coupon and points.")
        .returns("The current mode, who set it and why, and when which mode is recommended.")
}

pub(in crate::api) fn put() -> Operation {
    Operation::new(Tag::Administration, "changeModes", "Change the processing mode of new orders")
        .paragraph("Applies to orders that are decided after the answer; on other processes, within one second. Survives a restart.")
        .returns("The mode as changed.")
}

pub(in crate::api) fn changes() -> Operation {
    Operation::new(Tag::Administration, "listModesChanges", "List changes of the processing mode")
        .paragraph("Every change since the shop was created, by an admin or by the canary rule, with its reason.")
        .returns("A page of changes, newest first.")
}

pub(in crate::api) fn list_services() -> Operation {
    Operation::new(Tag::Administration, "listServices", "List the participants of orders with their breakers")
        .paragraph("Shows the process that answers; other processes have breakers of their own.")
        .returns("A page of participants, each with the state of its breaker.")
}

pub(in crate::api) fn switch_service() -> Operation {
    Operation::new(Tag::Administration, "switchService", "Take a participant out of service, or back in")
        .paragraph("Orders wait for a participant that is out of service, up to their deadline. Use it to rehearse or to contain an outage. \
             Applies to the process that answers, until it ends.")
        .returns("Each participant with the state of its breaker.")
}
