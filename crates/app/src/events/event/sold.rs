//! Units of a product, as events list them.

use domain::ids::ProductId;
use serde::{Deserialize, Serialize};

payload! {
    /// Units of a product that were sold, or came back.
    Sold { id: ProductId, qty: i64, }
}
