//! Law 1: every unit received is on hand, sold or written off; every reserved unit has a claim; returned units are not
//! sold.

pub(in crate::audit) mod drops;

use std::collections::BTreeMap;

use domain::ids::ProductId;
use domain::order::saga::Step;
use domain::order::{Line, Order, Outcome};
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

/// The units of a product that orders explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit) struct Shares {
    pub(in crate::audit) sold: i64,
    pub(in crate::audit) reserved: i64,
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

    /// Adds what an order holds or has bought; returns what it reserves.
    pub(in crate::audit) fn enter(&mut self, dossier: &Dossier) -> Vec<(ProductId, i64)> {
        let Some(order) = dossier.order() else { return vec![] };
        for (product, sold) in StockBooks::sold_by(order) {
            self.add(product, Shares { sold, reserved: 0 });
        }
        let lines = order.created.lines.iter();
        let is_reserved =
            |line: &&Line| order.outcome != Outcome::Completed && dossier.holds(order, Step::Stock(line.product));
        let reserved: Vec<_> = lines.filter(is_reserved).map(|line| (line.product, line.quantity)).collect();
        for (product, units) in &reserved {
            self.add(*product, Shares { sold: 0, reserved: *units });
        }
        reserved
    }

    /// Returns the units that an order has bought, of each line. Refunded units count as sold until they arrive or are
    /// written off.
    pub(in crate::audit) fn sold_by(order: &Order) -> impl Iterator<Item = (ProductId, i64)> {
        let lines = order.created.lines.iter().enumerate().filter(|_| order.outcome == Outcome::Completed);
        lines.map(|(place, line)| {
            let kept = line.quantity.saturating_sub(order.returned(place));
            (line.product, kept.saturating_add(order.awaited(line.product)))
        })
    }

    pub(in crate::audit) fn add(&mut self, product: ProductId, shares: Shares) {
        let page = self.pages.entry(product).or_default();
        page.sold = page.sold.saturating_add(shares.sold);
        page.reserved = page.reserved.saturating_add(shares.reserved);
    }

    pub(in crate::audit) fn shares(&self) -> impl Iterator<Item = (ProductId, Shares)> {
        self.pages.iter().map(|(id, page)| (*id, Shares { sold: page.sold, reserved: page.reserved }))
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
            return Err(format!("product {id}: orders name it, but it does not exist, or cannot be read"));
        };
        for (name, stored, explained) in [
            ("received", product.received, self.received),
            ("written_off", product.written_off, self.written_off),
            ("reserved", product.reserved, self.reserved),
            ("sold", product.sold, self.sold),
            ("on_hand", product.on_hand, on_hand(product.received, product.sold, product.written_off)),
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
            reserved: self.reserved.saturating_sub(product.reserved),
            sold: self.sold.saturating_sub(product.sold),
            received: self.received.saturating_sub(product.received),
            written_off: self.written_off.saturating_sub(product.written_off),
        };
        let on_hand = on_hand(self.received, self.sold, self.written_off);
        let explained = (self.reserved, self.sold, self.received, self.written_off, on_hand);
        let stored = (product.reserved, product.sold, product.received, product.written_off, product.on_hand);
        (stored != explained).then_some(Command::Repair(repair))
    }
}

/// The units that are left. A sum that is too large does not equal any stored figure of a sound product.
const fn on_hand(received: i64, sold: i64, written_off: i64) -> i64 {
    received.saturating_sub(sold).saturating_sub(written_off)
}
