//! Goods that are stored for an order instead of shipped (O-33, P-05).

use crate::ids::OrderId;
use crate::order::Whereabouts;
use crate::time::Timestamp;
use crate::word::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Store { order: OrderId },
    Move { state: State },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Stored { order: OrderId },
    Moved { state: State },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The state table has no edge from `from` to the requested state.
    NoSuchEdge { from: State },
}

words! {
    pub enum State {
        InStorage = "IN_STORAGE",
        AssociatedWithOrder = "ASSOCIATED_WITH_ORDER",
        RemovedFromStorage = "REMOVED_FROM_STORAGE",
        OnAuction = "ON_AUCTION",
        Sold = "SOLD",
    }
}

impl State {
    /// The state table. Removed or sold goods never return.
    pub const fn can_become(self, next: State) -> bool {
        use State::{AssociatedWithOrder, InStorage, OnAuction, RemovedFromStorage, Sold};
        match self {
            InStorage => matches!(next, AssociatedWithOrder | RemovedFromStorage | OnAuction),
            AssociatedWithOrder => matches!(next, InStorage | RemovedFromStorage),
            OnAuction => matches!(next, InStorage | Sold),
            RemovedFromStorage | Sold => false,
        }
    }

    /// The location of the goods. Goods that were removed were handed over.
    pub const fn whereabouts(self) -> Whereabouts {
        match self {
            State::InStorage | State::AssociatedWithOrder | State::OnAuction => Whereabouts::InHouse,
            State::RemovedFromStorage => Whereabouts::Delivered,
            State::Sold => Whereabouts::SoldAtAuction,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    pub order: OrderId,
    pub state: State,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Decides a command about an order's storage; `None` if nothing is stored yet.
///
/// # Errors
///
/// The state table has no such edge.
pub fn decide(storage: Option<&Storage>, command: Command) -> Result<Vec<Event>, Rejection> {
    match (storage, command) {
        (Some(_), Command::Store { .. }) => Ok(vec![]),
        (None, Command::Store { order }) => Ok(vec![Event::Stored { order }]),
        // Without storage, nothing moves.
        (None, Command::Move { .. }) => Ok(vec![]),
        (Some(storage), Command::Move { state }) if storage.state == state => Ok(vec![]),
        (Some(storage), Command::Move { state }) if storage.state.can_become(state) => Ok(vec![Event::Moved { state }]),
        (Some(storage), Command::Move { .. }) => Err(Rejection::NoSuchEdge { from: storage.state }),
    }
}

/// Folds an event into the storage.
pub fn evolve(storage: &mut Option<Storage>, event: Event, at: Timestamp) {
    match event {
        Event::Stored { order } => {
            *storage = Some(Storage { order, state: State::InStorage, created_at: at, updated_at: at });
        }
        Event::Moved { state } => {
            let storage = storage.as_mut().expect("goods are stored before they move");
            storage.state = state;
            storage.updated_at = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(43_200_000_000);

    fn stored() -> Storage {
        let mut storage = None;
        evolve(&mut storage, Event::Stored { order: OrderId(1) }, NOON);
        storage.unwrap()
    }

    #[test]
    fn the_goods_of_an_order_are_stored_once() {
        assert_eq!(decide(None, Command::Store { order: OrderId(1) }), Ok(vec![Event::Stored { order: OrderId(1) }]));
        assert_eq!(decide(Some(&stored()), Command::Store { order: OrderId(1) }), Ok(vec![]));
    }

    #[test]
    fn removed_and_sold_goods_never_return() {
        for gone in [State::RemovedFromStorage, State::Sold] {
            let storage = Storage { state: gone, ..stored() };
            for next in State::ALL.into_iter().filter(|next| *next != gone) {
                let refused = Err(Rejection::NoSuchEdge { from: gone });
                assert_eq!(decide(Some(&storage), Command::Move { state: next }), refused);
            }
        }
    }

    #[test]
    fn goods_are_sold_only_by_auction() {
        let before_sold: Vec<_> = State::ALL.into_iter().filter(|state| state.can_become(State::Sold)).collect();
        assert_eq!(before_sold, [State::OnAuction]);
    }
}
