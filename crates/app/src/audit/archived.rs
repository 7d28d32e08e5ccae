//! The facts that the store keeps of archived events: the heads of the chain, and the counts that laws need.

use std::collections::BTreeMap;

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::outbox::{SHARDS, ShardHead};

/// The facts of all archived events, as the store keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Archived {
    /// The last archived event of each shard, and the hash of all events up to it.
    heads: Vec<(i64, [u8; 32])>,
    /// The time of the latest archived event, in microseconds.
    latest: i64,
    /// Every archived event is from before this time, in microseconds.
    before: i64,
    /// By campaign.
    pub(super) campaigns: BTreeMap<i64, ArchivedCounts>,
}

/// The counts of one campaign. Results have their codes' names: a later version may know more codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArchivedCounts {
    pub(super) issued: i64,
    pub(super) issued_on_request: i64,
    pub(super) results: BTreeMap<String, i64>,
}

impl Archived {
    /// Adds the next event of a shard.
    pub(super) fn step(&mut self, shard: usize, head: ShardHead, at: Timestamp) {
        self.heads.resize(SHARDS, Default::default());
        if let Some(last) = self.heads.get_mut(shard) {
            *last = (head.seq, head.hash);
        }
        self.latest = self.latest.max(at.micros());
        self.before = self.before.max(self.latest.saturating_add(1));
    }

    /// Says that the events up to here are all that there were before a moment.
    pub fn reach(&mut self, moment: Timestamp) {
        self.before = self.before.max(moment.micros());
    }

    /// Returns the number of archived events.
    pub fn events(&self) -> i64 {
        self.heads.iter().map(|(seq, _)| seq).sum()
    }

    /// Returns the moment before which events are archived.
    pub const fn before(&self) -> Timestamp {
        Timestamp::from_micros(self.before)
    }

    /// Returns the time of the latest archived event.
    pub(super) const fn latest(&self) -> Timestamp {
        Timestamp::from_micros(self.latest)
    }

    /// Returns the last archived event of a shard.
    pub fn head(&self, shard: usize) -> ShardHead {
        self.heads.get(shard).map_or_else(ShardHead::default, |(seq, hash)| ShardHead { seq: *seq, hash: *hash })
    }

    /// Returns true if an event of a shard is archived.
    pub fn has(&self, shard: usize, seq: i64) -> bool {
        seq <= self.head(shard).seq
    }
}

/// A reason to keep events in the store, and the moment of the first of these events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    pub by: String,
    pub since: Timestamp,
}
