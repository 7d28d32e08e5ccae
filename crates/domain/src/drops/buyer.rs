//! A customer of a drop, and the units that count against the limits.

use serde::{Deserialize, Serialize};

use crate::ids::{DropId, ProductId, UserId};

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
}

impl Buyer {
    pub const fn new(drop: DropId, user: UserId) -> Buyer {
        Buyer { drop, user, units: vec![], ticket: None }
    }

    pub fn units_of(&self, product: ProductId) -> i64 {
        self.units.iter().find(|(known, _)| *known == product).map_or(0, |(_, units)| *units)
    }

    pub fn all_units(&self) -> i64 {
        self.units.iter().fold(0, |sum, (_, units)| sum.saturating_add(*units))
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
