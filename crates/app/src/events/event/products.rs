//! Events of products.

use std::sync::Arc;

use domain::ids::ProductId;
use domain::money::Money;
use domain::stock::Status;
use serde::{Deserialize, Serialize};

use crate::state::rows::Details;

payload! {
    ProductRegistered {
        product_id: ProductId,
        name: Arc<str>,
        price: Money,
        stock: i64,
        #[serde(flatten)]
        details: Details,
    }
    ProductSoldOut { product_id: ProductId, }
    ProductRestocked { product_id: ProductId, available: i64, }
    PriceChanged { product_id: ProductId, price: Money, }
    ProductStatusChanged { product_id: ProductId, status: Status, }
    /// The details after the change; an absent one was taken away.
    ProductDescribed {
        product_id: ProductId,
        #[serde(flatten)]
        details: Details,
    }
    StockAdjusted { product_id: ProductId, delta: i64, reason: Arc<str>, on_hand: i64, }
}
