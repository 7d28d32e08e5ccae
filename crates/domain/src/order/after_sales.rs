//! Cancellation, return and refund details of an order. Most orders have none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::status::Status;
use crate::ids::ProductId;
use crate::money::Money;
use crate::word::words;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AfterSales {
    /// The reason for the cancellation, in the canceller's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<Arc<str>>,
    /// The reason for the last refund request, in the requester's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_reason: Option<Arc<str>>,
    /// The shop's reason for rejecting the last refund request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<Arc<str>>,
    /// The refund request that waits for the shop's decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<RefundAsked>,
    /// Refunded units that have not arrived yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub awaited: Vec<(ProductId, i64)>,
}

/// The location of an order's goods when a refund is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// They have not left the shop.
    InHouse,
    OnTheWay,
    /// The customer has them.
    Delivered,
    /// Their parcel was returned to the shop.
    CameBack,
    /// They were sold at auction.
    SoldAtAuction,
}

/// A refund request that the shop must approve or reject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundAsked {
    pub lines: Vec<(ProductId, i64)>,
    /// The status that the order returns to if the shop rejects the request.
    pub before: Status,
}

impl AfterSales {
    /// Returns the refunded units of a product that have not arrived yet.
    pub fn awaited(&self, product: ProductId) -> i64 {
        let awaited = self.awaited.iter().filter(|(of, _)| *of == product);
        awaited.fold(0, |sum: i64, (_, units)| sum.saturating_add(*units))
    }
}

words! {
    /// The state of refunded goods.
    #[derive(Default)]
    pub enum Goods {
        /// They are in stock and can be sold again.
        #[default]
        Returned = "RETURNED",
        /// They are lost or worthless.
        WrittenOff = "WRITTEN_OFF",
        /// They have not arrived yet.
        Awaited = "AWAITED",
    }
}

/// Returned goods and their worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    pub lines: Vec<(ProductId, i64)>,
    /// The money that the customer paid for them; zero for payment on delivery.
    pub money: Money,
    /// The amount that was due on delivery for the lines; zero for prepaid orders.
    pub no_longer_due: Money,
    pub points: Money,
    /// No unit of the order is left, so its coupon is restored as well.
    pub is_last: bool,
    /// The reason, in the own words of the person who returns them.
    pub note: Option<Arc<str>>,
    pub goods: Goods,
}
