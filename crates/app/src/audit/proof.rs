//! The result of a clean audit, kept so that a later audit reads only what changed.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{CampaignId, OrderId, RequestId};
use serde::{Deserialize, Serialize};

use super::archived::Archived;
use crate::events::event::ResultCode;
use crate::events::outbox::{SHARDS, ShardHead};

/// Changes with the meaning of a field: a proof of another format is not used.
pub(super) const FORMAT: u32 = 1;

/// The last row of each table that only grows, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// The position of the last event.
    pub event: i64,
    pub order: i64,
    pub coupon: i64,
    pub entry: i64,
    pub notice: i64,
    pub request: i64,
    pub answer: i64,
}

/// The facts that an audit proved for the events up to these heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub(super) format: u32,
    pub ends: Ends,
    /// The last event of each shard and the hash of all events up to it.
    pub heads: Vec<(i64, [u8; 32])>,
    /// The time of the latest event, in microseconds.
    pub(super) latest: i64,
    /// Units sold and reserved of each product, as its orders explain them.
    pub(super) products: BTreeMap<i64, (i64, i64)>,
    pub(super) campaigns: BTreeMap<i64, CampaignCounts>,
    /// Orders that were not final, and what they reserved.
    pub(super) live: BTreeMap<i64, Vec<(i64, i64)>>,
    /// Requests that were not decided.
    pub(super) pending: BTreeSet<i64>,
}

impl Proof {
    /// Returns whether this program understands the proof.
    pub fn is_readable(&self) -> bool {
        self.format == FORMAT
    }

    /// Returns true if the proof is about all archived events.
    pub(super) fn covers(&self, archived: &Archived) -> bool {
        (0..SHARDS).all(|shard| archived.head(shard).seq <= self.head(shard).seq)
    }

    /// Returns the orders that were not final, which are examined by every audit.
    pub fn live(&self) -> impl Iterator<Item = OrderId> {
        self.live.keys().map(|id| OrderId(*id))
    }

    /// Returns the requests that were not decided.
    pub fn pending(&self) -> impl Iterator<Item = RequestId> {
        self.pending.iter().map(|id| RequestId(*id))
    }

    pub(super) fn counts_of(&self, campaign: CampaignId) -> CampaignCounts {
        self.campaigns.get(&campaign.0).cloned().unwrap_or_default()
    }

    pub(super) fn head(&self, shard: usize) -> ShardHead {
        self.heads.get(shard).map_or_else(ShardHead::default, |(seq, hash)| ShardHead { seq: *seq, hash: *hash })
    }
}

/// The log's counts of one campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CampaignCounts {
    /// Coupons issued.
    pub(super) issued: i64,
    /// Coupons issued in answer to a request.
    pub(super) issued_on_request: i64,
    /// Results of requests, by the index of their code.
    pub(super) results: [i64; ResultCode::ALL.len()],
}
