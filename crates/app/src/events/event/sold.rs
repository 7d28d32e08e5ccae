//! Units of a product, as events list them.

use domain::ids::ProductId;
use domain::order::Order;
use serde::{Deserialize, Serialize};

payload! {
    /// Units of a product that are held, were sold, or came back.
    Sold { id: ProductId, qty: i64, }
}

impl Sold {
    /// Returns all units of an order.
    pub(crate) fn all_of(order: &Order) -> Vec<Sold> {
        order.created.lines.iter().map(|line| Sold { id: line.product, qty: line.quantity }).collect()
    }
}
