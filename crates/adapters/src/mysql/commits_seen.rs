//! The commits of all processes, as far as this one knows them.

use std::sync::atomic::{AtomicI64, Ordering};

use app::events::outbox::{SHARDS, ShardHead};

/// The last committed number of each shard that this process knows of, so that an idle log makes few queries.
#[derive(Debug, Default)]
pub(super) struct CommitsSeen {
    last: [AtomicI64; SHARDS],
}

impl CommitsSeen {
    pub(super) fn observe<'a>(&self, heads: impl Iterator<Item = &'a ShardHead>) {
        for (last, head) in self.last.iter().zip(heads) {
            last.fetch_max(head.seq, Ordering::AcqRel);
        }
    }

    pub(super) fn last(&self, shard: i32) -> i64 {
        let shard = usize::try_from(shard).ok().and_then(|shard| self.last.get(shard));
        shard.map_or(0, |last| last.load(Ordering::Acquire))
    }
}
