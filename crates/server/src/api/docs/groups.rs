//! Consumer groups.

use crate::http::Code;
use crate::openapi::{Operation, Tag};

pub(in crate::api) fn list() -> Operation {
    Operation::new(Tag::Administration, "listGroups", "Where consumer groups stand, and how much waits for them")
        .says("The store's offset is the truth; `committed` is what a broker's own tools show.")
        .gives("Every group with its partitions; none where reactions run inline.")
}

pub(in crate::api) fn reset() -> Operation {
    Operation::new(Tag::Administration, "resetGroup", "Move a consumer group by hand")
        .says(
            "Without `dryRun: false` nothing is moved, and the answer says what would be skipped or repeated. What is \
             skipped is never handled; what is repeated is recognised by whoever has handled it. There is no way to skip \
             everything that waits without naming where to.",
        )
        .gives("The partitions in which the group moves, with the events between.")
        .refuses([Code::GroupMoved, Code::GroupInline])
}
