//! Law 23: a customer of a drop has the units of their orders, and a card those that it paid for; neither has more than the
//! limits; a drop knows which of its products are sold out, and takes none for off sale that is on sale; and the drop of a
//! product exists.

use std::collections::{BTreeMap, BTreeSet};

use domain::drops::{Buyer, CardHash, Drop, Link};
use domain::ids::{DropId, OrderId, ProductId, UserId};
use domain::order::{Line, Order, Outcome};
use domain::stock::{Product, Status};

use crate::audit::dossier::Dossier;
use crate::audit::laws::list;
use crate::audit::report::{Findings, Law, Verdict, ensure};
use crate::audit::snapshot::{DropFact, Snapshot};
use crate::ports::StoreError;

/// A customer of a drop.
type Place = (DropId, UserId);

/// The drops, and each customer's units there beside those that orders explain.
#[derive(Debug, Default)]
pub(in crate::audit) struct DropBooks {
    drops: BTreeMap<DropId, Drop>,
    buyers: BTreeMap<Place, Buyer>,
    explained: BTreeMap<Place, BTreeMap<ProductId, i64>>,
    cards: BTreeMap<(DropId, CardHash), i64>,
    paid_with: BTreeMap<(DropId, CardHash), i64>,
    /// Paid orders of a drop that limits cards, without a card that counts them.
    without_card: Vec<(DropId, OrderId)>,
    chains: BTreeMap<DropId, ReadChain>,
    /// The products that belong to a drop, if they have an available unit, and if they are on sale.
    products: BTreeMap<ProductId, (DropId, bool, bool)>,
}

/// A chain as far as it was read.
#[derive(Debug, Default)]
struct ReadChain {
    links: i64,
    head: String,
    /// The first link that does not follow the one before, or whose hash is wrong.
    broken: Option<i64>,
}

impl ReadChain {
    fn take(&mut self, link: &Link) {
        let follows = link.number == self.links.saturating_add(1) && (self.links == 0 || link.previous == self.head);
        if (!follows || link.sealed() != link.hash) && self.broken.is_none() {
            self.broken = Some(link.number);
        }
        self.links = link.number;
        self.head.clone_from(&link.hash);
    }
}

impl DropBooks {
    pub(in crate::audit) fn read(snapshot: &mut dyn Snapshot) -> Result<DropBooks, StoreError> {
        let mut books = DropBooks::default();
        snapshot.drops(&mut |fact| match fact {
            DropFact::Drop(drop) => {
                books.drops.insert(drop.id, *drop);
            }
            DropFact::Buyer(buyer) => {
                books.buyers.insert((buyer.drop, buyer.user), buyer);
            }
            DropFact::Card(card) => {
                books.cards.insert((card.drop, card.hash), card.units);
            }
            DropFact::Link(link) => books.chains.entry(link.drop).or_default().take(&link),
        })?;
        Ok(books)
    }

    pub(in crate::audit) fn see(&mut self, product: &Product) {
        let of_drop =
            product.drop.map(|drop| (product.id, (drop, product.available() > 0, product.status == Status::OnSale)));
        self.products.extend(of_drop);
    }

    /// Adds the units of an order that count.
    pub(in crate::audit) fn enter(&mut self, dossier: &Dossier) {
        let Some(order) = dossier.order().filter(|order| order.outcome != Outcome::Cancelled) else { return };
        let counted = |(place, line): (usize, &Line)| {
            Some((line.drop?, line.product, line.quantity.saturating_sub(order.returned(place))))
        };
        for (drop, product, units) in order.created.lines.iter().enumerate().filter_map(counted) {
            let of_product = self.explained.entry((drop, order.user())).or_default().entry(product).or_default();
            *of_product = of_product.saturating_add(units);
            self.enter_card(order, drop, units);
        }
    }

    fn enter_card(&mut self, order: &Order, drop: DropId, units: i64) {
        let Some(buyer) = self.buyers.get(&(drop, order.user())) else { return };
        let is_paid = order.outcome == Outcome::Completed && order.is_prepaid() && !order.created.due.is_zero();
        match buyer.card_of(order.id()) {
            Some(card) => {
                let paid = self.paid_with.entry((drop, card)).or_default();
                *paid = paid.saturating_add(units);
            }
            None if is_paid && buyer.card_limit.is_some() => self.without_card.push((drop, order.id())),
            None => {}
        }
    }

    pub(in crate::audit) fn judge(&self, findings: &mut Findings) {
        let places: BTreeSet<Place> = self.buyers.keys().chain(self.explained.keys()).copied().collect();
        for place in places {
            findings.note(Law::Drops, self.buyer(place));
        }
        let cards: BTreeSet<(DropId, CardHash)> = self.cards.keys().chain(self.paid_with.keys()).copied().collect();
        for (drop, card) in cards {
            findings.note(Law::Drops, self.card(drop, card));
        }
        for (drop, order) in &self.without_card {
            findings.note(Law::Drops, Err(format!("drop {drop}: no card counts the paid order {order}")));
        }
        for (product, (drop, ..)) in &self.products {
            let exists = self.drops.contains_key(drop);
            let complaint = || format!("product {product}: its drop {drop} does not exist, or cannot be read");
            findings.note(Law::Drops, ensure(exists, complaint));
        }
        for drop in self.drops.values() {
            findings.note(Law::Drops, self.sold_out(drop));
            findings.note(Law::Drops, self.chain(drop));
        }
    }

    fn buyer(&self, place: Place) -> Verdict {
        let (id, user) = place;
        let name = || format!("drop {id}, customer {user}");
        let Some(drop) = self.drops.get(&id) else {
            return Err(format!("{}: the drop does not exist, or cannot be read", name()));
        };
        let none = Buyer::new(id, user);
        let buyer = self.buyers.get(&place).unwrap_or(&none);
        let explained = self.explained.get(&place).into_iter().flatten();
        let explained: BTreeMap<ProductId, i64> =
            explained.map(|(product, units)| (*product, *units)).filter(|(_, units)| *units != 0).collect();
        let counted: BTreeMap<ProductId, i64> = buyer.units.iter().copied().collect();
        ensure(counted == explained, || {
            let [counted, explained] = [&counted, &explained]
                .map(|units| list(units.iter().map(|(product, units)| format!("{units} of product {product}"))));
            format!("{}: the units that count are {counted}, but those of the orders are {explained}", name())
        })?;
        for offer in &drop.products {
            let units = buyer.units_of(offer.product);
            ensure(offer.per_customer.is_none_or(|limit| units <= limit), || {
                format!("{}: has {units} of product {}, above the limit", name(), offer.product)
            })?;
        }
        ensure(drop.per_customer.is_none_or(|limit| buyer.all_units() <= limit), || {
            format!("{}: has {} units, above the drop's limit", name(), buyer.all_units())
        })
    }

    fn card(&self, drop: DropId, card: CardHash) -> Verdict {
        let units = |of: &BTreeMap<(DropId, CardHash), i64>| of.get(&(drop, card)).copied().unwrap_or(0);
        let (counted, explained) = (units(&self.cards), units(&self.paid_with));
        ensure(counted == explained, || {
            format!("drop {drop}: {counted} units of a card count, but it pays for {explained}")
        })?;
        let limit = self.drops.get(&drop).and_then(|drop| drop.per_payment_method);
        ensure(limit.is_none_or(|limit| counted <= limit), || {
            format!("drop {drop}: a card has {counted} units, above the limit")
        })
    }

    fn chain(&self, drop: &Drop) -> Verdict {
        let none = ReadChain::default();
        let read = self.chains.get(&drop.id).unwrap_or(&none);
        let name = || format!("drop {}", drop.id);
        if let Some(link) = read.broken {
            return Err(format!("{}: its chain breaks at link {link}", name()));
        }
        ensure(read.links == drop.chain.links && (read.links == 0 || read.head == drop.chain.head), || {
            format!("{}: its chain has {} links, and should have {}", name(), read.links, drop.chain.links)
        })?;
        let own = (drop.id, UserId(i64::MIN))..=(drop.id, UserId(i64::MAX));
        let mut tickets = self.buyers.range(own).filter_map(|(_, buyer)| buyer.ticket);
        let joined = drop.queue.as_ref().map_or(0, |queue| queue.joined);
        let mut distinct = BTreeSet::new();
        ensure(tickets.all(|ticket| (1..=joined).contains(&ticket) && distinct.insert(ticket)), || {
            format!("{}: two customers have one ticket, or a ticket was never given", name())
        })
    }

    fn sold_out(&self, drop: &Drop) -> Verdict {
        for offer in &drop.products {
            // A later drop may have taken the product over.
            let Some((of, has_units, is_on_sale)) = self.products.get(&offer.product) else { continue };
            let is_known = drop.sold_out.contains(&offer.product);
            ensure(*of != drop.id || is_known != *has_units, || {
                format!("drop {}: it is wrong about the stock of product {}", drop.id, offer.product)
            })?;
            // The drop of an older version may not know that a product is off sale.
            ensure(*of != drop.id || !(*is_on_sale && drop.off_sale.contains(&offer.product)), || {
                format!("drop {}: it takes product {} for off sale, but it is on sale", drop.id, offer.product)
            })?;
        }
        Ok(())
    }
}
