//! The result of a clean audit, kept so that a later audit reads only what changed.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{CampaignId, OrderId, ProductId, RequestId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::dossier::Dossier;
use super::laws::stock::{Shares, StockBooks};
use super::log::{CampaignCounts, LogCounts};
use crate::events::history::Replay;
use crate::events::outbox::ShardHead;

/// Changes with the meaning of a field: a proof of another format is not used.
const FORMAT: u32 = 1;

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

/// What was true of a shop when its events ended with these heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    format: u32,
    pub ends: Ends,
    /// The last event of each shard and the hash of all events up to it.
    pub heads: Vec<(i64, [u8; 32])>,
    /// The time of the latest event, in microseconds.
    latest: i64,
    /// Units sold and reserved of each product, as its orders explain them.
    products: BTreeMap<i64, (i64, i64)>,
    campaigns: BTreeMap<i64, CampaignCounts>,
    /// Orders that were not final, and what they reserved.
    live: BTreeMap<i64, Vec<(i64, i64)>>,
    /// Requests that were not decided.
    pending: BTreeSet<i64>,
}

impl Proof {
    /// Returns whether this program understands the proof.
    pub fn is_readable(&self) -> bool {
        self.format == FORMAT
    }

    /// Returns the orders that were not final, which are examined by every audit.
    pub fn live(&self) -> impl Iterator<Item = OrderId> {
        self.live.keys().map(|id| OrderId(*id))
    }

    /// Returns the requests that were not decided.
    pub fn pending(&self) -> impl Iterator<Item = RequestId> {
        self.pending.iter().map(|id| RequestId(*id))
    }

    pub(super) fn counts(&self) -> LogCounts {
        let campaigns = self.campaigns.iter().map(|(id, counts)| (CampaignId(*id), counts.clone()));
        LogCounts::of_campaigns(campaigns.collect(), Timestamp::from_micros(self.latest))
    }

    pub(super) fn counts_of(&self, campaign: CampaignId) -> CampaignCounts {
        self.campaigns.get(&campaign.0).cloned().unwrap_or_default()
    }

    pub(super) fn head(&self, shard: usize) -> ShardHead {
        self.heads.get(shard).map_or_else(ShardHead::default, |(seq, hash)| ShardHead { seq: *seq, hash: *hash })
    }
}

/// A proof that an audit starts from, and how many events of each order that changed since are covered by it.
#[derive(Clone, Copy)]
pub(super) struct Base<'p> {
    pub(super) proof: &'p Proof,
    pub(super) proven_events: &'p BTreeMap<OrderId, usize>,
}

impl Base<'_> {
    /// Enters what the proof says of all orders.
    pub(super) fn open(self, stock: &mut StockBooks) {
        for (product, (sold, reserved)) in &self.proof.products {
            stock.add(ProductId(*product), Shares { sold: *sold, reserved: *reserved });
        }
    }

    /// Takes out what the proof says of one order, whose present state is entered instead.
    pub(super) fn take_out(self, stock: &mut StockBooks, dossier: &Dossier) {
        let id = dossier.facts.id;
        if let Some(reserved) = self.proof.live.get(&id.0) {
            for (product, units) in reserved {
                stock.add(ProductId(*product), Shares { sold: 0, reserved: -units });
            }
            return;
        }
        let proven = self.proven_events.get(&id).copied().unwrap_or(0);
        let mut replay = Replay::new(id);
        // Events that break the order's history are found by its laws.
        let is_whole = dossier.history().take(proven).all(|(event, at)| replay.take(event, at).is_ok());
        if let Some(order) = replay.order().filter(|_| is_whole) {
            for (product, sold) in StockBooks::sold_by(order) {
                stock.add(product, Shares { sold: -sold, reserved: 0 });
            }
        }
    }
}

/// The facts of a proof while an audit collects them.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) heads: Vec<ShardHead>,
    pub(super) live: BTreeMap<i64, Vec<(i64, i64)>>,
    pub(super) pending: BTreeSet<i64>,
}

impl Draft {
    pub(super) fn note(&mut self, dossier: &Dossier, reserved: Vec<(ProductId, i64)>) {
        if dossier.order().is_some_and(|order| !order.outcome.is_final()) {
            let reserved = reserved.into_iter().map(|(product, units)| (product.0, units)).collect();
            self.live.insert(dossier.facts.id.0, reserved);
        }
    }

    /// Returns the proof of an audit that found nothing.
    pub(super) fn conclude(self, ends: Ends, counts: LogCounts, stock: &StockBooks) -> Proof {
        let latest = counts.latest.micros();
        Proof {
            format: FORMAT,
            ends,
            heads: self.heads.into_iter().map(|head| (head.seq, head.hash)).collect(),
            latest,
            products: stock.shares().map(|(id, shares)| (id.0, (shares.sold, shares.reserved))).collect(),
            campaigns: counts.into_campaigns().into_iter().map(|(id, counts)| (id.0, counts)).collect(),
            live: self.live,
            pending: self.pending,
        }
    }
}
