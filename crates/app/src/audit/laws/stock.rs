//! Law 1: every unit received is on hand, sold or written off; every reserved unit has a claim; returned units are not
//! sold.

use std::collections::BTreeMap;

use domain::ids::ProductId;
use domain::order::Outcome;
use domain::order::saga::Step;
use domain::stock::Product;

use crate::audit::dossier::Dossier;
use crate::audit::report::{Findings, Law, Verdict, ensure};
use crate::audit::snapshot::ProductFacts;
use crate::commands::{Command, Repair};

/// Each product's sums of receipts, claims and orders, beside its own counters.
#[derive(Debug, Default)]
pub(in crate::audit) struct StockBooks {
    pages: BTreeMap<ProductId, Page>,
}

#[derive(Debug, Default)]
struct Page {
    product: Option<Product>,
    received: i64,
    written_off: i64,
    reserved: i64,
    sold: i64,
}

impl StockBooks {
    pub(in crate::audit) fn open(&mut self, facts: ProductFacts) {
        let ProductFacts { product, received, written_off } = facts;
        let id = product.id;
        self.pages.insert(id, Page { product: Some(product), received, written_off, ..Page::default() });
    }

    /// Adds what an order holds or has bought.
    pub(in crate::audit) fn enter(&mut self, dossier: &Dossier) {
        let Some(order) = dossier.order() else { return };
        for (place, line) in order.created.lines.iter().enumerate() {
            let page = self.pages.entry(line.product).or_default();
            if order.outcome == Outcome::Completed {
                // Refunded units count as sold until they arrive or are written off.
                page.sold += line.quantity - order.returned(place) + order.awaited(line.product);
            } else if dossier.holds(order, Step::Stock(line.product)) {
                page.reserved += line.quantity;
            }
        }
    }

    pub(in crate::audit) fn judge(&self, findings: &mut Findings) {
        for (id, page) in &self.pages {
            findings.note(Law::Stock, page.verdict(*id));
        }
    }

    /// Returns corrections of counters that receipts, claims and orders explain.
    pub(in crate::audit) fn repairs(&self) -> impl Iterator<Item = Command> {
        self.pages.values().filter_map(Page::repair)
    }
}

impl Page {
    fn verdict(&self, id: ProductId) -> Verdict {
        let Some(product) = &self.product else {
            return Err(format!("product {id}: orders name it, but it does not exist"));
        };
        for (name, stored, explained) in [
            ("received", product.received, self.received),
            ("written_off", product.written_off, self.written_off),
            ("reserved", product.reserved, self.reserved),
            ("sold", product.sold, self.sold),
            ("on_hand", product.on_hand, product.received - product.sold - product.written_off),
        ] {
            ensure(stored == explained, || {
                format!("product {id}: {name} is {stored}, but the facts give {explained}")
            })?;
        }
        let least = [product.on_hand, product.available(), product.reserved, product.sold, product.written_off];
        ensure(least.into_iter().all(|units| units >= 0), || format!("product {id}: a count is below zero"))
    }

    fn repair(&self) -> Option<Command> {
        let product = self.product.as_ref()?;
        let repair = Repair::Product {
            product: product.id,
            reserved: self.reserved - product.reserved,
            sold: self.sold - product.sold,
            received: self.received - product.received,
            written_off: self.written_off - product.written_off,
        };
        let on_hand = self.received - self.sold - self.written_off;
        let explained = (self.reserved, self.sold, self.received, self.written_off, on_hand);
        let stored = (product.reserved, product.sold, product.received, product.written_off, product.on_hand);
        (stored != explained).then_some(Command::Repair(repair))
    }
}
