//! The hashes that were kept at the end of each day, as the audit compares them with the events' own.

use std::collections::BTreeMap;

use app::audit::{EventFacts, ShardFacts};
use app::outbox::ShardHead;

/// By shard and number.
#[derive(Debug, Default)]
pub(crate) struct Roots(BTreeMap<(usize, i64), Vec<[u8; 32]>>);

impl Roots {
    pub(crate) fn keep(&mut self, (shard, head): (i64, ShardHead)) {
        self.0.entry((known_shard(shard), head.seq)).or_default().push(head.hash);
    }

    /// The event with the hash that was kept with its number.
    pub(crate) fn with(&self, event: EventFacts) -> EventFacts {
        let kept = self.0.get(&(event.shard, event.seq));
        EventFacts { root: kept.and_then(|kept| kept.first().copied()), ..event }
    }

    pub(crate) fn shard(&self, (shard, head): (i64, ShardHead)) -> ShardFacts {
        let shard = known_shard(shard);
        let kept = self.0.iter().filter(|((of, _), _)| *of == shard).map(|(_, kept)| kept.len()).sum();
        ShardFacts { shard, head, roots: kept }
    }
}

/// What names no shard is a shard of no events.
pub(crate) fn known_shard(shard: i64) -> usize {
    usize::try_from(shard).unwrap_or(usize::MAX)
}
