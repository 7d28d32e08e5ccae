//! The products that belong to drops, so that their orders load the drops' rows at once.
//!
//! It is only a hint, learned from orders that missed a row: the product's own row names its drop. A product that is not
//! known here costs its order another round. A shop without drops does no work for them.

use rustc_hash::FxHashMap;

use domain::ids::{DropId, ProductId};

use super::batch::Batch;
use crate::commands::Command;
use crate::engine::Job;
use crate::state::rows::{BuyerKey, Key, Keys, ProductSnapshotKey};

/// The number of known products; beyond it they are forgotten, and learned again.
const KNOWN_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct DropHints(FxHashMap<ProductId, DropId>);

impl DropHints {
    /// Declares the drops of an order's products, and the customer's rows there.
    pub(super) fn declare(&self, job: &Job, keys: &mut Keys) {
        if self.0.is_empty() {
            return;
        }
        let Command::PlaceOrder(order) = &job.command else { return };
        for drop in order.items.iter().filter_map(|(product, _)| self.0.get(product).copied()) {
            keys.insert(drop.into());
            keys.insert(BuyerKey { drop, user: order.user }.into());
        }
    }

    /// Learns the products of orders that missed a drop.
    pub(super) fn learn(&mut self, batch: &Batch) {
        let missed = batch.deferred.iter().filter(|job| matches!(job.missed.last(), Some(Key::Drop(_))));
        for job in missed {
            let Command::PlaceOrder(order) = &job.command else { continue };
            if self.0.len() > KNOWN_MAX {
                self.0.clear();
            }
            for (product, _) in &order.items {
                let read = batch.rows.products.get(*product).ok().flatten();
                let seen = || batch.rows.product_snapshots.get(ProductSnapshotKey(*product)).ok().flatten();
                let drop = read.or_else(seen).and_then(|product| product.drop);
                self.0.extend(drop.map(|drop| (*product, drop)));
            }
        }
    }
}
