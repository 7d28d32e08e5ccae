//! A drop: products that are sold from one moment to another, with limits for each customer.
//!
//! A product belongs to one drop at a time, and to its last one until the next. A limit is decided where an order is
//! placed: the units of every order count until it is cancelled or its units are returned.

mod buyer;
mod card;
mod chain;
mod queue;
mod room;
mod shuffle;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{DropId, ProductId};
use crate::time::Timestamp;
use crate::word::words;

pub use buyer::{Buyer, PaidWith};
pub use card::{Card, CardHash};
pub use chain::{Act, Chain, Link, LinkKind, beginning, commitment, hex};
pub(crate) use chain::{Sealed, hidden};
pub use queue::{Prequeue, Queue, Standing, TicketStatus, WaitingRoom};

words! {
    /// The state that customers see.
    pub enum Status {
        Scheduled = "SCHEDULED",
        Open = "OPEN",
        SoldOut = "SOLD_OUT",
        Closed = "CLOSED",
    }
}

words! {
    /// The last turn that was announced. It may lag behind the clock, which alone decides about orders.
    pub enum Phase {
        Scheduled = "SCHEDULED",
        Open = "OPEN",
        Closed = "CLOSED",
    }
}

/// A product of a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    #[serde(rename = "productId")]
    pub product: ProductId,
    /// The most units that one customer gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_customer: Option<i64>,
}

/// The terms of a new drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub name: Arc<str>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub products: Vec<Offer>,
    /// The most units of all products together that one customer gets.
    pub per_customer: Option<i64>,
    /// The most units of all products together that one card or account pays for.
    pub per_payment_method: Option<i64>,
    pub waiting_room: Option<WaitingRoom>,
    pub secrets: Secrets,
}

/// Random bytes of a new drop, which its database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Draws the order of those who come before; told once the drop opens.
    pub seed: [u8; 32],
    /// Hides customers in the chain; never told.
    pub key: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drop {
    pub id: DropId,
    pub name: Arc<str>,
    pub starts_at: Timestamp,
    /// The first moment at which nothing is sold.
    pub ends_at: Timestamp,
    pub products: Vec<Offer>,
    pub per_customer: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_payment_method: Option<i64>,
    pub paused: bool,
    pub phase: Phase,
    /// The products without an available unit.
    pub sold_out: Vec<ProductId>,
    /// The products that an admin has paused or discontinued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub off_sale: Vec<ProductId>,
    /// Draws the order of those who come before. Told once the drop has opened, or was ended before.
    #[serde(default)]
    pub seed: [u8; 32],
    #[serde(default)]
    pub queue: Option<Queue>,
    #[serde(default)]
    pub chain: Chain,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The reasons to refuse an order, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    NotStarted,
    Ended,
    Paused,
    /// The drop has a waiting room, and the customer is not admitted, or does not show the ticket.
    TicketRequired,
    /// The drop counts the units of each card, so its orders are paid before they are shipped.
    PrepaymentRequired,
    /// The customer would have more than `limit` units; `already` count.
    LimitExceeded {
        limit: i64,
        already: i64,
    },
    /// The order has more units than one card may pay for.
    CardLimitExceeded {
        limit: i64,
    },
}

/// A change by an admin; `None` keeps a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub ends_at: Option<Timestamp>,
    pub paused: Option<bool>,
    /// The rate at which the waiting room admits from now on.
    pub admit_per_second: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRejection {
    /// A drop that has ended stays so: its products may belong to another one.
    Ended,
    /// It would end between now and its start.
    WindowOutOfOrder,
    NoWaitingRoom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinRejection {
    Ended,
    NoWaitingRoom,
}

/// Returns the units of all products.
pub fn total(lines: &[(ProductId, i64)]) -> i64 {
    lines.iter().fold(0, |sum: i64, (_, units)| sum.saturating_add(*units))
}

/// The units that an order claims of a drop.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub lines: &'a [(ProductId, i64)],
    /// True if the customer shows their ticket.
    pub shows_ticket: bool,
    /// True if the order is paid before it is shipped.
    pub is_prepaid: bool,
}

impl Claim<'_> {
    /// Returns the units of all products.
    pub fn units(&self) -> i64 {
        total(self.lines)
    }
}

/// A change of the drop that is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Opened,
    SoldOut,
    Closed,
    /// Places up to this one may order.
    Admitted {
        upto: i64,
    },
}

impl Drop {
    /// Returns a new drop, of which these products have no available unit.
    pub fn new(id: DropId, terms: &Terms, sold_out: Vec<ProductId>, at: Timestamp) -> Drop {
        Drop {
            id,
            name: Arc::clone(&terms.name),
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            products: terms.products.clone(),
            per_customer: terms.per_customer,
            per_payment_method: terms.per_payment_method,
            paused: false,
            phase: Phase::Scheduled,
            sold_out,
            off_sale: vec![],
            seed: terms.secrets.seed,
            queue: terms.waiting_room.map(|room| Queue::new(room, terms.secrets.seed)),
            chain: Chain::new(id, terms.secrets.key, &commitment(&terms.secrets.seed)),
            created_at: at,
            updated_at: at,
        }
    }

    pub fn status(&self, at: Timestamp) -> Status {
        if at >= self.ends_at {
            Status::Closed
        } else if at < self.starts_at {
            Status::Scheduled
        } else if self.is_sold_out() {
            Status::SoldOut
        } else {
            Status::Open
        }
    }

    /// Returns true if it was ended before its start: it never opens.
    fn is_withdrawn(&self) -> bool {
        self.ends_at <= self.starts_at
    }

    pub fn is_sold_out(&self) -> bool {
        self.products.iter().all(|offer| self.sold_out.contains(&offer.product))
    }

    /// Returns the next moment at which there is something to do.
    pub fn turns_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Scheduled => Some(self.starts_at.min(self.ends_at)),
            Phase::Open => {
                let moves = self.queue.as_ref().and_then(Queue::moves_at);
                Some(moves.map_or(self.ends_at, |moves| moves.min(self.ends_at)))
            }
            Phase::Closed => None,
        }
    }

    /// Announces what the clock has brought since the last time, and moves the queue. `share` is the part of the admission's
    /// rate that the engine can take, in percent.
    pub fn turn(&mut self, share: i64, at: Timestamp) -> Vec<Turn> {
        let mut turns = vec![];
        if self.phase == Phase::Scheduled && self.is_withdrawn() && at >= self.ends_at {
            self.phase = Phase::Closed;
            turns.push(Turn::Closed);
        }
        if self.phase == Phase::Scheduled && at >= self.starts_at {
            self.phase = Phase::Open;
            turns.push(Turn::Opened);
            turns.extend(self.is_sold_out().then_some(Turn::SoldOut));
            if let Some(queue) = &mut self.queue {
                queue.open(at);
            }
        }
        if self.phase == Phase::Open && at >= self.ends_at {
            self.phase = Phase::Closed;
            turns.push(Turn::Closed);
        }
        let sells = self.phase == Phase::Open && self.admits();
        if let Some(queue) = &mut self.queue {
            let before = queue.admitted;
            queue.advance(sells, share, at);
            turns.extend((queue.admitted > before).then_some(Turn::Admitted { upto: queue.admitted }));
        }
        if !turns.is_empty() {
            self.updated_at = at;
        }
        turns
    }

    /// Adds a link to the chain. What is decided after the places were drawn is not dated before the start, though another
    /// process may have read the clock before: the moments of the chain say who is among the drawn.
    pub fn link(&mut self, act: Act, at: Timestamp) -> Link {
        let is_drawn = self.queue.as_ref().is_some_and(Queue::is_open);
        self.chain.add(self.id, act, if is_drawn { at.max(self.starts_at) } else { at })
    }

    /// Notes if a product has an available unit. Returns the turn to announce, if its last unit was the drop's.
    pub fn note_stock(&mut self, product: ProductId, has_units: bool, at: Timestamp) -> Option<Turn> {
        let was_sold_out = self.is_sold_out();
        self.sold_out.retain(|known| *known != product);
        if !has_units && self.products.iter().any(|offer| offer.product == product) {
            self.sold_out.push(product);
        }
        self.updated_at = at;
        self.keep_holds(at);
        (self.phase == Phase::Open && !was_sold_out && self.is_sold_out()).then_some(Turn::SoldOut)
    }

    /// Notes if an admin sells a product.
    pub fn note_sale(&mut self, product: ProductId, is_on_sale: bool, at: Timestamp) {
        self.off_sale.retain(|known| *known != product);
        if !is_on_sale && self.products.iter().any(|offer| offer.product == product) {
            self.off_sale.push(product);
        }
        self.updated_at = at;
        self.keep_holds(at);
    }

    /// Changes the drop, all or nothing. An end that has passed ends it, also before its start.
    ///
    /// # Errors
    ///
    /// When the drop has ended, would end at a later moment before its start, or has no waiting room whose rate could change.
    pub fn change(&self, change: Change, at: Timestamp) -> Result<Drop, ChangeRejection> {
        if at >= self.ends_at {
            return Err(ChangeRejection::Ended);
        }
        let mut changed = self.clone();
        if change.ends_at.is_some_and(|ends_at| at < ends_at && ends_at <= self.starts_at) {
            return Err(ChangeRejection::WindowOutOfOrder);
        }
        // The drop has sold, or was going to, until now: an end in the past becomes the present moment.
        changed.ends_at = change.ends_at.map_or(self.ends_at, |ends_at| ends_at.max(at));
        changed.paused = change.paused.unwrap_or(self.paused);
        match (&mut changed.queue, change.admit_per_second) {
            (Some(queue), Some(rate)) if rate != queue.room.admit_per_second => queue.set_rate(rate),
            (None, Some(_)) => return Err(ChangeRejection::NoWaitingRoom),
            (_, Some(_) | None) => {}
        }
        if changed != *self {
            changed.keep_holds(at);
            changed.updated_at = at;
        }
        Ok(changed)
    }

    /// Checks that the drop sells at this moment.
    ///
    /// # Errors
    ///
    /// [`Rejection::Ended`], [`Rejection::NotStarted`] or [`Rejection::Paused`].
    pub fn check_open(&self, at: Timestamp) -> Result<(), Rejection> {
        if at >= self.ends_at {
            return Err(Rejection::Ended);
        }
        if at < self.starts_at {
            return Err(Rejection::NotStarted);
        }
        if self.paused {
            return Err(Rejection::Paused);
        }
        Ok(())
    }

    /// Decides the units of an order; a product is named once. Returns the customer with these units.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`] whose guard fails: the window, the ticket, the payment, the products' limits, the drop's.
    pub fn claim(&self, buyer: &Buyer, claim: &Claim<'_>, at: Timestamp) -> Result<Buyer, Rejection> {
        let lines = claim.lines;
        self.check_open(at)?;
        self.check_ticket(buyer, claim.shows_ticket, at)?;
        if self.per_payment_method.is_some() && !claim.is_prepaid {
            return Err(Rejection::PrepaymentRequired);
        }
        for (product, quantity) in lines {
            let offer = self.products.iter().find(|offer| offer.product == *product);
            check(offer.and_then(|offer| offer.per_customer), buyer.units_of(*product), *quantity)?;
        }
        check(self.per_customer, buyer.all_units(), claim.units())?;
        Ok(Buyer { card_limit: self.per_payment_method, ..buyer.with(lines) })
    }
}

const fn check(limit: Option<i64>, already: i64, wanted: i64) -> Result<(), Rejection> {
    match limit {
        Some(limit) if already.saturating_add(wanted) > limit => Err(Rejection::LimitExceeded { limit, already }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
