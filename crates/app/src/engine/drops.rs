//! The products that belong to drops, so that their orders load the drops' rows at once.
//!
//! It is only a hint, learned from commands that missed a row: the product's own row names its drop. A product that is not
//! known here costs its command another round. A shop without drops does no work for them.

use rustc_hash::FxHashMap;

use domain::drops::Offer;
use domain::ids::{DropId, ProductId};

use super::batch::Batch;
use crate::commands::{Command, DropCommand};
use crate::engine::Job;
use crate::state::rows::{BuyerKey, Key, Keys, ProductSnapshotKey};

/// The number of known products; beyond it they are forgotten, and learned again.
const KNOWN_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct DropHints(FxHashMap<ProductId, DropId>);

impl DropHints {
    /// Declares the drops of the command's products, and the rows of an order's customer there.
    pub(super) fn declare(&self, job: &Job, keys: &mut Keys) {
        if self.0.is_empty() {
            return;
        }
        for drop in products(&job.command).filter_map(|product| self.0.get(&product).copied()) {
            keys.insert(drop.into());
            if let Command::PlaceOrder(order) = &job.command {
                keys.insert(BuyerKey { drop, user: order.user }.into());
            }
        }
    }

    /// Learns the products of commands that missed a drop.
    pub(super) fn learn(&mut self, batch: &Batch) {
        let missed = batch.deferred.iter().filter(|job| matches!(job.missed.last(), Some(Key::Drop(_))));
        for job in missed {
            if self.0.len() > KNOWN_MAX {
                self.0.clear();
            }
            for product in products(&job.command) {
                let read = batch.rows.products.get(product).ok().flatten();
                let seen = || batch.rows.product_snapshots.get(ProductSnapshotKey(product)).ok().flatten();
                let drop = read.or_else(seen).and_then(|product| product.drop);
                self.0.extend(drop.map(|drop| (product, drop)));
            }
        }
    }
}

/// Returns the products whose drops the command reads.
fn products(command: &Command) -> impl Iterator<Item = ProductId> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command reads the drops of products that it names")]
    let (ordered, offered): (&[(ProductId, i64)], &[Offer]) = match command {
        Command::PlaceOrder(order) => (&order.items, &[]),
        Command::Drop(DropCommand::Create(terms)) => (&[], &terms.products),
        _ => (&[], &[]),
    };
    ordered.iter().map(|(product, _)| *product).chain(offered.iter().map(|offer| offer.product))
}
