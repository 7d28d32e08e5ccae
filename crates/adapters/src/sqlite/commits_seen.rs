//! The last committed number of each shard, sent by the store to the log, so that an idle log runs no query.

use std::sync::atomic::{AtomicI64, Ordering};

use app::events::outbox::{SHARDS, ShardHead};

#[derive(Debug, Default)]
pub(super) struct CommitsSeen {
    last: [AtomicI64; SHARDS],
}

impl CommitsSeen {
    pub(super) fn observe(&self, heads: &[ShardHead; SHARDS]) {
        for (last, head) in self.last.iter().zip(heads) {
            last.store(head.seq, Ordering::Release);
        }
    }

    /// Returns the last number of a shard; 0 for an unknown or empty shard.
    pub(super) fn last(&self, shard: i32) -> i64 {
        let shard = usize::try_from(shard).ok().and_then(|shard| self.last.get(shard));
        shard.map_or(0, |last| last.load(Ordering::Acquire))
    }
}
