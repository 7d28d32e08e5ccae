//! OpenAPI texts: consumer groups and topics.

use crate::http::Code;
use crate::openapi::{Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listGroups", "List consumer groups with their offsets and lag")
        .paragraph(
            "`offset`, from the store, is authoritative. `committed` is the offset that the broker's own tools show.",
        )
        .paragraph(
            "Statistics and analytics follow the store's own events after their commit, under every executor; their lag is what \
             they have not counted yet. If reactions run inline, they are the only groups with offsets.",
        )
        .returns("Every group that has offsets, with its partitions.")
}

pub(in crate::api) fn reset() -> Operation {
    Operation::new(Tag::Administration, "resetGroup", "Reset the offsets of a consumer group")
        .paragraph(
            "Without `dryRun: false` nothing is moved, and the answer shows which events would be skipped or repeated. A skipped \
             event is never handled. A repeated event changes nothing where it was already handled. The target must be named: \
             there is no option to skip the whole backlog.",
        )
        .paragraph("A repeat under the same `Idempotency-Key` moves nothing and gets the first answer, unless it was a dry run.")
        .returns("The partitions in which the group moves, with the events that are skipped or repeated.")
        .refuses([Code::GroupMoved, Code::GroupInline, Code::GroupTrailing])
}

pub(in crate::api) fn topics() -> Operation {
    Operation::new(Tag::Administration, "listTopics", "List topics with their partitions")
        .paragraph(
            "`partitions` are those on the brokers. Without brokers there are none: an event's topic is a column of the store then, \
             by which `GET /api/admin/events` filters. `groups` are the consumer groups that read the topic.",
        )
        .returns("Every topic of the shop.")
}
