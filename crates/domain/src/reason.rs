//! The reasons why an order or a request failed: stable codes, on the wire and in the store.

use crate::word::words;

words! {
    /// The reason of a failed step or a cancelled order.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Reason {
        StockExhausted = "stock.exhausted",
        ProductNotOnSale = "product.not_on_sale",
        CouponNotUsable = "coupon.not_usable",
        PointsInsufficient = "points.insufficient",
        /// A participant did not report before its deadline.
        StepTimedOut = "step.timed_out",
        /// The request arrived after its claim was released: the tombstone refused it.
        ClaimReleased = "claim.released",
        CancelledByCustomer = "order.cancelled_by_customer",
        CancelledByAdmin = "order.cancelled_by_admin",
        /// The order was not paid before `payBefore`.
        PaymentExpired = "payment.expired",
        /// With the order, the card or account would have paid for more units of a drop than it may.
        PaymentMethodLimitExceeded = "payment_method.limit_exceeded",
        /// The parcel could not be delivered and was returned.
        ShipmentReturned = "shipment.returned",
    }
}

impl Reason {
    pub const fn code(self) -> &'static str {
        self.name()
    }
}
