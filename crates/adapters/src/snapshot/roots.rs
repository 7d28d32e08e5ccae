//! The hashes that were kept at the end of each day, as the audit compares them with the events' own.

use std::collections::BTreeMap;

use app::audit::{EventFacts, ShardFacts};
use app::events::outbox::ShardHead;

/// What is known of the chain before its events are read.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// By shard and number.
    kept: BTreeMap<(usize, i64), Vec<[u8; 32]>>,
    /// By shard: from which number on the chain covers everything.
    whole_from: BTreeMap<usize, i64>,
}

pub(crate) const SELECT_WHOLE_FROM: &str = "SELECT shard, whole_from FROM outbox_shard";

/// Every event in commit order, as the chain covers it.
pub(crate) const SELECT_EVENTS: &str = "SELECT id, shard, seq, event_key, type, payload, occurred_at, aggregatetype, aggregateid, \
                                        topic, order_id, version, cause, traceparent FROM event ORDER BY position";

impl Roots {
    pub(crate) fn begin(&mut self, (shard, whole_from): (i64, i64)) {
        self.whole_from.insert(known_shard(shard), whole_from);
    }

    pub(crate) fn keep(&mut self, (shard, head): (i64, ShardHead)) {
        self.kept.entry((known_shard(shard), head.seq)).or_default().push(head.hash);
    }

    /// The event with the hash that was kept with its number, and what the chain covers of it.
    pub(crate) fn with(&self, event: EventFacts) -> EventFacts {
        let kept = self.kept.get(&(event.shard, event.seq));
        let is_covered_whole = self.whole_from.get(&event.shard).is_none_or(|from| event.seq >= *from);
        EventFacts { root: kept.and_then(|kept| kept.first().copied()), is_covered_whole, ..event }
    }

    pub(crate) fn shard(&self, (shard, head): (i64, ShardHead)) -> ShardFacts {
        let shard = known_shard(shard);
        let kept = self.kept.iter().filter(|((of, _), _)| *of == shard).map(|(_, kept)| kept.len()).sum();
        ShardFacts { shard, head, roots: kept }
    }
}

/// What names no shard is a shard of no events.
pub(crate) fn known_shard(shard: i64) -> usize {
    usize::try_from(shard).unwrap_or(usize::MAX)
}
