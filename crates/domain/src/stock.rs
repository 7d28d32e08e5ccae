//! A product and its stock (S-01, S-02): units on hand, reserved by orders, and available.
//!
//! A claim reserves units; on-hand stock decreases when the order completes. Every unit ever received is on hand, sold or
//! written off, and the audit checks that.

use std::sync::Arc;

use crate::ids::{DropId, ProductId};
use crate::limits::STOCK_MAX;
use crate::money::Money;
use crate::time::Timestamp;
use crate::word::words;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Register {
        id: ProductId,
        name: Arc<str>,
        price: Money,
        stock: i64,
    },
    ChangePrice {
        price: Money,
    },
    ChangeStatus {
        status: Status,
    },
    /// Sells the product in a drop from now on.
    PutIntoDrop {
        drop: DropId,
    },
    /// Sells the product without a drop from now on.
    TakeOutOfDrop,
    /// A delivery (positive) or a write-off (negative).
    Adjust {
        delta: i64,
    },
    /// Reserves units for an order.
    Deduct {
        quantity: i64,
    },
    /// Releases reserved units.
    Restore {
        quantity: i64,
    },
    /// Turns reserved units into sold ones.
    Sell {
        quantity: i64,
    },
    /// Takes sold units back into stock.
    Return {
        quantity: i64,
    },
    /// Writes off refunded units that will not be returned.
    WriteOffSold {
        quantity: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Registered { id: ProductId, name: Arc<str>, price: Money, stock: i64, at: Timestamp },
    PriceChanged { price: Money },
    StatusChanged { status: Status },
    PutIntoDrop { drop: DropId },
    TakenOutOfDrop,
    Received { quantity: i64 },
    WrittenOff { quantity: i64 },
    Deducted { quantity: i64 },
    Restored { quantity: i64 },
    Sold { quantity: i64 },
    Returned { quantity: i64 },
    SoldWrittenOff { quantity: i64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    NotOnSale,
    /// Fewer units are available than requested.
    Exhausted {
        available: i64,
    },
    /// The shop would have received more than [`STOCK_MAX`] units.
    TooMuch,
    /// The named invariant would be violated: a defect or a forged event.
    Impossible(&'static str),
}

words! {
    pub enum Status {
        OnSale = "ON_SALE",
        Paused = "PAUSED",
        Discontinued = "DISCONTINUED",
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
    /// Units that customers have; returned units are on hand again.
    pub sold: i64,
    pub written_off: i64,
    /// The drop in which it is sold, or was sold last, until it is taken out of it.
    pub drop: Option<DropId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Product {
    pub const fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// The status that customers see: `SOLD_OUT` if on sale with no unit available.
    pub const fn status_shown(&self) -> &'static str {
        match self.status {
            Status::OnSale if self.available() == 0 => "SOLD_OUT",
            Status::OnSale | Status::Paused | Status::Discontinued => self.status.name(),
        }
    }
}

/// Decides a command about a product; `None` is a product that does not exist yet.
///
/// # Errors
///
/// The first [`Rejection`] whose guard fails.
pub fn decide(product: Option<&Product>, command: &Command, at: Timestamp) -> Result<Vec<Event>, Rejection> {
    if let Command::Register { id, name, price, stock } = command {
        if product.is_some() {
            return Err(Rejection::Impossible("product numbers are leased once"));
        }
        return Ok(vec![Event::Registered { id: *id, name: name.clone(), price: *price, stock: *stock, at }]);
    }
    let Some(product) = product else { return Err(Rejection::Impossible("the product exists")) };
    match *command {
        Command::Register { .. } => Err(Rejection::Impossible("a product is registered once")),
        Command::ChangePrice { price } if price == product.price => Ok(vec![]),
        Command::ChangePrice { price } => Ok(vec![Event::PriceChanged { price }]),
        Command::ChangeStatus { status } if status == product.status => Ok(vec![]),
        Command::ChangeStatus { status } => Ok(vec![Event::StatusChanged { status }]),
        Command::PutIntoDrop { drop } => Ok(vec![Event::PutIntoDrop { drop }]),
        Command::TakeOutOfDrop => Ok(vec![Event::TakenOutOfDrop]),
        Command::Adjust { delta } => adjust(product, delta),
        Command::Deduct { quantity } => deduct(product, quantity),
        Command::Restore { quantity } => {
            ensure((0..=product.reserved).contains(&quantity), "only units that a claim holds are restored")?;
            Ok(vec![Event::Restored { quantity }])
        }
        Command::Sell { quantity } => {
            ensure((0..=product.reserved).contains(&quantity), "only units that a claim holds are sold")?;
            Ok(vec![Event::Sold { quantity }])
        }
        Command::Return { quantity } => {
            ensure((0..=product.sold).contains(&quantity), "only sold units are returned")?;
            Ok(vec![Event::Returned { quantity }])
        }
        Command::WriteOffSold { quantity } => {
            ensure((0..=product.sold).contains(&quantity), "only sold units are written off as sold")?;
            Ok(vec![Event::SoldWrittenOff { quantity }])
        }
    }
}

const fn ensure(holds: bool, invariant: &'static str) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(Rejection::Impossible(invariant)) }
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
    ensure(quantity >= 0, "a reserved quantity is not negative")?;
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
        Event::PutIntoDrop { drop } => product.drop = Some(drop),
        Event::TakenOutOfDrop => product.drop = None,
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
        Event::Returned { quantity } => {
            product.sold -= quantity;
            product.on_hand += quantity;
        }
        Event::SoldWrittenOff { quantity } => {
            product.sold -= quantity;
            product.written_off += quantity;
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
        drop: None,
        created_at: at,
        updated_at: at,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAMP: ProductId = ProductId(1);
    const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

    fn lamps(stock: i64) -> Event {
        Event::Registered { id: LAMP, name: "Lamp".into(), price: Money::won(900), stock, at: NOON }
    }

    fn replay(events: &[Event]) -> Option<Product> {
        let mut product = None;
        for event in events {
            evolve(&mut product, event, NOON);
        }
        product
    }

    #[track_caller]
    fn check(given: &[Event], when: Command, then: Result<Event, Rejection>) {
        let answer = decide(replay(given).as_ref(), &when, NOON);
        assert_eq!(answer, then.map(|event| vec![event]));
    }

    #[track_caller]
    fn check_unchanged(given: &[Event], when: Command) {
        assert_eq!(decide(replay(given).as_ref(), &when, NOON), Ok(vec![]));
    }

    #[test]
    fn a_claim_takes_what_is_available() {
        check(&[lamps(3)], Command::Deduct { quantity: 3 }, Ok(Event::Deducted { quantity: 3 }));
    }

    #[test]
    fn a_claim_of_more_than_is_available_takes_nothing() {
        let given = [lamps(3), Event::Deducted { quantity: 2 }];
        check(&given, Command::Deduct { quantity: 2 }, Err(Rejection::Exhausted { available: 1 }));
    }

    #[test]
    fn a_paused_product_is_refused_before_its_stock_is_looked_at() {
        let given = [lamps(0), Event::StatusChanged { status: Status::Paused }];
        check(&given, Command::Deduct { quantity: 1 }, Err(Rejection::NotOnSale));
    }

    #[test]
    fn a_claim_is_restored_even_when_the_product_is_discontinued() {
        let given = [lamps(3), Event::Deducted { quantity: 2 }, Event::StatusChanged { status: Status::Discontinued }];
        check(&given, Command::Restore { quantity: 2 }, Ok(Event::Restored { quantity: 2 }));
    }

    #[test]
    fn a_write_off_never_touches_what_is_reserved() {
        let given = [lamps(3), Event::Deducted { quantity: 2 }];
        check(&given, Command::Adjust { delta: -1 }, Ok(Event::WrittenOff { quantity: 1 }));
        check(&given, Command::Adjust { delta: -2 }, Err(Rejection::Exhausted { available: 1 }));
        check(&given, Command::Adjust { delta: i64::MIN }, Err(Rejection::Exhausted { available: 1 }));
    }

    #[test]
    fn the_shop_receives_at_most_stock_max() {
        check(&[lamps(STOCK_MAX)], Command::Adjust { delta: 1 }, Err(Rejection::TooMuch));
        check(&[lamps(1)], Command::Adjust { delta: i64::MAX }, Err(Rejection::TooMuch));
        check(&[lamps(STOCK_MAX - 1)], Command::Adjust { delta: 1 }, Ok(Event::Received { quantity: 1 }));
    }

    #[test]
    fn a_change_to_the_present_value_changes_nothing() {
        check_unchanged(&[lamps(1)], Command::ChangePrice { price: Money::won(900) });
        check_unchanged(&[lamps(1)], Command::ChangeStatus { status: Status::OnSale });
    }

    #[test]
    fn on_sale_with_nothing_left_shows_as_sold_out() {
        let shown = |given: &[Event]| replay(given).map(|product| product.status_shown());
        let all_reserved = [lamps(1), Event::Deducted { quantity: 1 }];
        assert_eq!(shown(&all_reserved), Some("SOLD_OUT"));
        assert_eq!(shown(&[lamps(1)]), Some("ON_SALE"));
        assert_eq!(shown(&[lamps(0), Event::StatusChanged { status: Status::Paused }]), Some("PAUSED"));
    }

    fn commands() -> impl Strategy<Value = Command> {
        prop_oneof![
            (-9..9_i64).prop_map(|delta| Command::Adjust { delta }),
            (1..9_i64).prop_map(|quantity| Command::Deduct { quantity }),
            (1..9_i64).prop_map(|quantity| Command::Restore { quantity }),
            (1..9_i64).prop_map(|quantity| Command::Sell { quantity }),
            (1..9_i64).prop_map(|quantity| Command::Return { quantity }),
            (0..3_usize).prop_map(|place| Command::ChangeStatus { status: Status::ALL[place] }),
        ]
    }

    proptest! {
        /// S-01, S-02: never negative, nothing unexplained.
        #[test]
        fn every_unit_is_on_hand_sold_or_written_off(
            stock in 0..20_i64,
            commands in prop::collection::vec(commands(), 0..60),
        ) {
            let mut product = replay(&[lamps(stock)]);
            for command in commands {
                let (reserved, sold) = product.as_ref().map_or((0, 0), |product| (product.reserved, product.sold));
                if matches!(command, Command::Return { quantity } if quantity > sold) {
                    continue;
                }
                // Claims ensure that only what they hold is restored or sold.
                if matches!(command, Command::Restore { quantity } | Command::Sell { quantity } if quantity > reserved) {
                    continue;
                }
                for event in decide(product.as_ref(), &command, NOON).unwrap_or_default() {
                    evolve(&mut product, &event, NOON);
                }
                let now = product.as_ref().unwrap();
                prop_assert!(now.available() >= 0 && now.reserved >= 0 && now.sold >= 0 && now.written_off >= 0);
                prop_assert_eq!(now.received, now.on_hand + now.sold + now.written_off);
            }
        }
    }
}
