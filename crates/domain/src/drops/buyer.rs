//! A customer of a drop, and the units that count against the limits.

use serde::{Deserialize, Serialize};

use super::Rejection;
use super::card::CardHash;
use crate::ids::{DropId, OrderId, ProductId, UserId};

/// The card or account that pays for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidWith {
    pub order: OrderId,
    pub card: CardHash,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Buyer {
    pub drop: DropId,
    pub user: UserId,
    /// Units of each product in orders that are not cancelled, less returned ones; products without any are left out.
    pub units: Vec<(ProductId, i64)>,
    /// The number of the customer's ticket.
    #[serde(default)]
    pub ticket: Option<i64>,
    /// The drop's limit of each card, if it has one: the payment finds it here, without the drop's row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_limit: Option<i64>,
    /// The cards whose units count, by order. Empty without a limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid_with: Vec<PaidWith>,
}

impl Buyer {
    pub const fn new(drop: DropId, user: UserId) -> Buyer {
        Buyer { drop, user, units: vec![], ticket: None, card_limit: None, paid_with: vec![] }
    }

    /// Checks that one card may pay for an order of so many units. Without a card, an order has no such limit.
    ///
    /// # Errors
    ///
    /// [`Rejection::CardLimitExceeded`].
    pub fn check_card(&self, units: i64) -> Result<(), Rejection> {
        match self.card_limit {
            Some(limit) if units > limit => Err(Rejection::CardLimitExceeded { limit }),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the card whose units an order counts, if it has been paid with one.
    pub fn card_of(&self, order: OrderId) -> Option<CardHash> {
        self.paid_with.iter().find(|paid| paid.order == order).map(|paid| paid.card)
    }

    /// Returns the customer with this card for an order, or without any.
    #[must_use]
    pub fn paying(&self, order: OrderId, card: Option<CardHash>) -> Buyer {
        let mut buyer = self.clone();
        buyer.paid_with.retain(|paid| paid.order != order);
        buyer.paid_with.extend(card.map(|card| PaidWith { order, card }));
        buyer
    }

    pub fn units_of(&self, product: ProductId) -> i64 {
        self.units.iter().find(|(known, _)| *known == product).map_or(0, |(_, units)| *units)
    }

    pub fn all_units(&self) -> i64 {
        super::total(&self.units)
    }

    /// Returns the customer with further units.
    pub(super) fn with(&self, lines: &[(ProductId, i64)]) -> Buyer {
        let mut buyer = self.clone();
        for (product, quantity) in lines {
            match buyer.units.iter_mut().find(|(known, _)| known == product) {
                Some((_, units)) => *units = units.saturating_add(*quantity),
                None => buyer.units.push((*product, *quantity)),
            }
        }
        buyer
    }

    /// Returns the customer without units that an order gave back; `None` if fewer count.
    pub fn without(&self, lines: &[(ProductId, i64)]) -> Option<Buyer> {
        let mut buyer = self.clone();
        for (product, quantity) in lines {
            let (_, units) = buyer.units.iter_mut().find(|(known, units)| known == product && units >= quantity)?;
            *units -= quantity;
        }
        buyer.units.retain(|(_, units)| *units > 0);
        Some(buyer)
    }
}
