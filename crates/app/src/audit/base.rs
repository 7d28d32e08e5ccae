//! An audit that starts from a proof, and the proof that it leaves.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{OrderId, ProductId};

use super::dossier::Dossier;
use super::laws::stock::{Shares, StockBooks};
use super::log::LogCounts;
use super::proof::{Ends, FORMAT, Proof};
use crate::events::history::Replay;
use crate::events::outbox::ShardHead;

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
