//! The stored hashes of each day's end, which the audit compares with those of the events.

use std::collections::BTreeMap;

use app::audit::{Archived, EventFacts, ShardFacts};
use app::events::outbox::ShardHead;

/// The stored facts about the chain, read before its events.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// By shard and number.
    kept: BTreeMap<(usize, i64), Vec<[u8; 32]>>,
    /// By shard: the number from which the chain covers everything.
    whole_from: BTreeMap<usize, i64>,
    /// The archived events: their roots have no events here.
    archived: Option<Archived>,
}

pub(crate) const SELECT_WHOLE_FROM: &str = "SELECT shard, whole_from FROM outbox_shard";

/// Every event in commit order, with the columns that the chain covers.
pub(crate) const SELECT_EVENTS: &str = "SELECT id, shard, seq, event_key, type, payload, occurred_at, aggregatetype, aggregateid, \
                                        topic, order_id, version, cause, traceparent, position FROM event ORDER BY position";

impl Roots {
    pub(crate) fn without(archived: Option<Archived>) -> Roots {
        Roots { archived, ..Roots::default() }
    }

    pub(crate) fn begin(&mut self, shard: i64, whole_from: i64) {
        self.whole_from.insert(known_shard(shard), whole_from);
    }

    pub(crate) fn keep(&mut self, shard: i64, head: ShardHead) {
        let shard = known_shard(shard);
        if !self.archived.as_ref().is_some_and(|archived| archived.has(shard, head.seq)) {
            self.kept.entry((shard, head.seq)).or_default().push(head.hash);
        }
    }

    /// Returns the event with the hash stored for its number, and how much the chain covers.
    pub(crate) fn with(&self, event: EventFacts) -> EventFacts {
        let kept = self.kept.get(&(event.shard, event.seq));
        let is_covered_whole = self.whole_from.get(&event.shard).is_none_or(|from| event.seq >= *from);
        EventFacts { root: kept.and_then(|kept| kept.first().copied()), is_covered_whole, ..event }
    }

    pub(crate) fn shard(&self, shard: i64, head: ShardHead) -> ShardFacts {
        let shard = known_shard(shard);
        let kept = self.kept.iter().filter(|((of, _), _)| *of == shard).map(|(_, kept)| kept.len()).sum();
        ShardFacts { shard, head, roots: kept }
    }
}

/// A negative number is a shard without events.
pub(crate) fn known_shard(shard: i64) -> usize {
    usize::try_from(shard).unwrap_or(usize::MAX)
}
