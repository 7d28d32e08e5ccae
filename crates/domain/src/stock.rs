//! A product and its stock (S-01, S-02): what is on hand, what orders have reserved, and what is left to sell.
//!
//! A claim reserves; on-hand stock goes down when its order completes. Every unit ever received is on hand, sold or
//! written off, and the audit holds the shop to that.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::ProductId;
use crate::limits::STOCK_MAX;
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Register { id: ProductId, name: Arc<str>, price: Money, stock: i64 },
    ChangePrice { price: Money },
    ChangeStatus { status: Status },
    /// A delivery (positive) or a write-off (negative).
    Adjust { delta: i64 },
    /// Reserves units for an order.
    Deduct { quantity: i64 },
    /// Gives reserved units back.
    Restore { quantity: i64 },
    /// Takes reserved units out of the house.
    Sell { quantity: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Registered { id: ProductId, name: Arc<str>, price: Money, stock: i64, at: Timestamp },
    PriceChanged { price: Money },
    StatusChanged { status: Status },
    Received { quantity: i64 },
    WrittenOff { quantity: i64 },
    Deducted { quantity: i64 },
    Restored { quantity: i64 },
    Sold { quantity: i64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    NotOnSale,
    /// Fewer units are available than asked for.
    Exhausted { available: i64 },
    /// The shop would hold more than [`STOCK_MAX`].
    TooMuch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    OnSale,
    Paused,
    Discontinued,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::OnSale, Status::Paused, Status::Discontinued];

    pub const fn name(self) -> &'static str {
        match self {
            Status::OnSale => "ON_SALE",
            Status::Paused => "PAUSED",
            Status::Discontinued => "DISCONTINUED",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub id: ProductId,
    pub name: Arc<str>,
    pub price: Money,
    pub status: Status,
    pub on_hand: i64,
    pub reserved: i64,
    /// Units ever received; `received = on_hand + sold + written_off`.
    pub received: i64,
    pub sold: i64,
    pub written_off: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Product {
    pub const fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// The status a customer sees: on sale with nothing left is `SOLD_OUT`.
    pub const fn status_shown(&self) -> &'static str {
        match self.status {
            Status::OnSale if self.available() == 0 => "SOLD_OUT",
            Status::OnSale | Status::Paused | Status::Discontinued => self.status.name(),
        }
    }
}

/// Answers a command against a product; `None` is a product that does not exist yet.
pub fn decide(product: Option<&Product>, command: &Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Command::Register { id, name, price, stock } = command {
        assert!(product.is_none(), "product numbers are leased once");
        return Ok(vec![Event::Registered { id: *id, name: name.clone(), price: *price, stock: *stock, at }]);
    }
    let product = product.expect("the caller looks a product up before it asks anything of it");
    match *command {
        Command::Register { .. } => unreachable!("answered above"),
        Command::ChangePrice { price } if price == product.price => Ok(vec![]),
        Command::ChangePrice { price } => Ok(vec![Event::PriceChanged { price }]),
        Command::ChangeStatus { status } if status == product.status => Ok(vec![]),
        Command::ChangeStatus { status } => Ok(vec![Event::StatusChanged { status }]),
        Command::Adjust { delta } => adjust(product, delta),
        Command::Deduct { quantity } => deduct(product, quantity),
        Command::Restore { quantity } => {
            assert!(quantity <= product.reserved, "only what a claim holds is restored");
            Ok(vec![Event::Restored { quantity }])
        }
        Command::Sell { quantity } => {
            assert!(quantity <= product.reserved, "only what a claim holds is sold");
            Ok(vec![Event::Sold { quantity }])
        }
    }
}

fn adjust(product: &Product, delta: i64) -> Result<Vec<Event>, Rejection> {
    if delta > 0 {
        if product.received.checked_add(delta).is_none_or(|received| received > STOCK_MAX) {
            return Err(Rejection::TooMuch);
        }
        return Ok(vec![Event::Received { quantity: delta }]);
    }
    let available = product.available();
    if delta.checked_neg().is_none_or(|quantity| quantity > available) {
        return Err(Rejection::Exhausted { available });
    }
    Ok(vec![Event::WrittenOff { quantity: -delta }])
}

fn deduct(product: &Product, quantity: i64) -> Result<Vec<Event>, Rejection> {
    if product.status != Status::OnSale {
        return Err(Rejection::NotOnSale);
    }
    let available = product.available();
    if quantity > available {
        return Err(Rejection::Exhausted { available });
    }
    Ok(vec![Event::Deducted { quantity }])
}

/// Folds an event into the product.
pub fn evolve(product: &mut Option<Product>, event: &Event, at: Timestamp) {
    if let Event::Registered { id, name, price, stock, at } = event {
        *product = Some(registered(*id, name.clone(), *price, *stock, *at));
        return;
    }
    let product = product.as_mut().expect("a product is registered before anything else happens to it");
    match *event {
        Event::Registered { .. } => unreachable!("folded above"),
        Event::PriceChanged { price } => product.price = price,
        Event::StatusChanged { status } => product.status = status,
        Event::Received { quantity } => {
            product.received += quantity;
            product.on_hand += quantity;
        }
        Event::WrittenOff { quantity } => {
            product.written_off += quantity;
            product.on_hand -= quantity;
        }
        Event::Deducted { quantity } => product.reserved += quantity,
        Event::Restored { quantity } => product.reserved -= quantity,
        Event::Sold { quantity } => {
            product.reserved -= quantity;
            product.on_hand -= quantity;
            product.sold += quantity;
        }
    }
    product.updated_at = at;
}

fn registered(id: ProductId, name: Arc<str>, price: Money, stock: i64, at: Timestamp) -> Product {
    Product {
        id,
        name,
        price,
        status: Status::OnSale,
        on_hand: stock,
        reserved: 0,
        received: stock,
        sold: 0,
        written_off: 0,
        created_at: at,
        updated_at: at,
    }
}
