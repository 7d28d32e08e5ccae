//! Why an order or a request did not succeed: the stable codes that travel on the wire and stay in the store.

use serde::{Deserialize, Serialize};

/// The cause of a refused step and of a cancelled order.
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
    /// A participant was silent past its deadline.
    #[serde(rename = "step.timed_out")]
    StepTimedOut,
    /// The claim came after its order had given up on it: the tombstone refused it.
    #[serde(rename = "claim.released")]
    ClaimReleased,
    #[serde(rename = "order.cancelled_by_customer")]
    CancelledByCustomer,
    #[serde(rename = "order.cancelled_by_admin")]
    CancelledByAdmin,
    /// Nobody paid before the order's `payBefore`.
    #[serde(rename = "payment.expired")]
    PaymentExpired,
    /// The parcel could not be delivered and came back.
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
