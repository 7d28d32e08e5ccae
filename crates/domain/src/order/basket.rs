//! The lines, coupon and receiver of an order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{CampaignId, CouponId, DropId, ProductId};
use crate::money::Money;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    #[serde(rename = "productId")]
    pub product: ProductId,
    pub name: Arc<str>,
    pub quantity: i64,
    pub unit_price: Money,
    /// The drop whose limits count these units.
    #[serde(rename = "dropId", default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<DropId>,
}

impl Line {
    pub fn price(&self) -> Money {
        self.unit_price.times(self.quantity)
    }
}

/// The coupon that an order uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CouponWanted {
    pub campaign: CampaignId,
    /// `None`: the user's oldest active coupon of that campaign.
    pub coupon: Option<CouponId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receiver {
    pub name: String,
    pub phone: String,
    pub postal_code: String,
    pub address: String,
}

/// Adds up the lines of each product, in the order of first mention.
pub fn merge_lines(lines: impl IntoIterator<Item = (ProductId, i64)>) -> Vec<(ProductId, i64)> {
    let mut place = BTreeMap::new();
    let mut merged: Vec<(ProductId, i64)> = vec![];
    for (product, quantity) in lines {
        let index = *place.entry(product).or_insert(merged.len());
        match merged.get_mut(index) {
            Some((_, sum)) => *sum = sum.saturating_add(quantity),
            None => merged.push((product, quantity)),
        }
    }
    merged
}
