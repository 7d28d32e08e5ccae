//! The reasons why an order or a request failed: stable codes, on the wire and in the store.

use serde::{Deserialize, Serialize};

/// The reason of a failed step or a cancelled order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    #[serde(rename = "stock.exhausted")]
    StockExhausted,
    #[serde(rename = "product.not_on_sale")]
    ProductNotOnSale,
    #[serde(rename = "coupon.not_usable")]
    CouponNotUsable,
    #[serde(rename = "points.insufficient")]
    PointsInsufficient,
    /// A participant did not report before its deadline.
    #[serde(rename = "step.timed_out")]
    StepTimedOut,
    /// The request arrived after its claim was released: the tombstone refused it.
    #[serde(rename = "claim.released")]
    ClaimReleased,
    #[serde(rename = "order.cancelled_by_customer")]
    CancelledByCustomer,
    #[serde(rename = "order.cancelled_by_admin")]
    CancelledByAdmin,
    /// The order was not paid before `payBefore`.
    #[serde(rename = "payment.expired")]
    PaymentExpired,
    /// The parcel could not be delivered and was returned.
    #[serde(rename = "shipment.returned")]
    ShipmentReturned,
}

impl Reason {
    pub const ALL: [Reason; 10] = [
        Reason::StockExhausted,
        Reason::ProductNotOnSale,
        Reason::CouponNotUsable,
        Reason::PointsInsufficient,
        Reason::StepTimedOut,
        Reason::ClaimReleased,
        Reason::CancelledByCustomer,
        Reason::CancelledByAdmin,
        Reason::PaymentExpired,
        Reason::ShipmentReturned,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Reason::StockExhausted => "stock.exhausted",
            Reason::ProductNotOnSale => "product.not_on_sale",
            Reason::CouponNotUsable => "coupon.not_usable",
            Reason::PointsInsufficient => "points.insufficient",
            Reason::StepTimedOut => "step.timed_out",
            Reason::ClaimReleased => "claim.released",
            Reason::CancelledByCustomer => "order.cancelled_by_customer",
            Reason::CancelledByAdmin => "order.cancelled_by_admin",
            Reason::PaymentExpired => "payment.expired",
            Reason::ShipmentReturned => "shipment.returned",
        }
    }
}
