//! A card or account in a drop, and the units that it has paid for.

use serde::{Deserialize, Serialize};

use crate::ids::DropId;

/// The keyed hash of a provider's fingerprint; see [`Codec::card`](crate::ids::Codec::card).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CardHash(pub [u8; 16]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    pub drop: DropId,
    pub hash: CardHash,
    /// The units of orders that it pays or has paid for, less returned ones.
    pub units: i64,
}

impl Card {
    pub const fn new(drop: DropId, hash: CardHash) -> Card {
        Card { drop, hash, units: 0 }
    }

    /// Returns the card with further units; `None` above the limit.
    #[must_use]
    pub fn with(self, units: i64, limit: i64) -> Option<Card> {
        let units = self.units.saturating_add(units);
        (units <= limit).then_some(Card { units, ..self })
    }

    /// Returns the card without units that an order gave back; `None` if fewer count.
    #[must_use]
    pub fn without(self, units: i64) -> Option<Card> {
        (units <= self.units).then_some(Card { units: self.units - units, ..self })
    }
}
