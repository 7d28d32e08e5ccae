//! What each event is about, in the outbox's words: the type of thing, and its id as the wire shows it.

use super::Event;

impl Event {
    /// `(aggregatetype, aggregateid)` of the outbox row.
    pub fn aggregate(&self) -> (&'static str, String) {
        match self {
            Event::OrderCreated(event) => ("order", event.order_id.as_str().to_owned()),
            Event::OrderAwaitingPayment(event) => ("order", event.order_id.as_str().to_owned()),
            Event::OrderCompleted(event) => ("order", event.order_id.as_str().to_owned()),
            Event::OrderCancelled(event) => ("order", event.order_id.as_str().to_owned()),
            Event::StockDeductionRequested(event) => ("order", event.order_id.as_str().to_owned()),
            Event::CouponUsageRequested(event) => ("order", event.order_id.as_str().to_owned()),
            Event::PointDeductionRequested(event) => ("order", event.order_id.as_str().to_owned()),
            Event::StockDeductionCompleted(report)
            | Event::StockDeductionFailed(report)
            | Event::CouponUsageCompleted(report)
            | Event::CouponUsageFailed(report)
            | Event::PointDeductionCompleted(report)
            | Event::PointDeductionFailed(report)
            | Event::StockRestored(report)
            | Event::CouponRestored(report)
            | Event::PointsRestored(report) => ("order", report.order_id.as_str().to_owned()),
            Event::CompensationRequired(event) => ("order", event.order_id.as_str().to_owned()),
            Event::StockRestorationRequired(event) => ("order", event.order_id.as_str().to_owned()),
            Event::CouponRestorationRequired(event) => ("order", event.order_id.as_str().to_owned()),
            Event::PointRestorationRequired(event) => ("order", event.order_id.as_str().to_owned()),
            Event::CompensationCompleted(event) => ("order", event.order_id.as_str().to_owned()),
            Event::CompensationStuck(event) => ("order", event.order_id.as_str().to_owned()),
            Event::CompensationResumed(event) => ("order", event.order_id.as_str().to_owned()),
            Event::CouponRequested(event) => ("coupon-request", event.request_id.as_str().to_owned()),
            Event::CouponResult(event) => ("coupon-request", event.request_id.as_str().to_owned()),
            Event::CouponIssued(event) => ("coupon", event.user_coupon_id.as_str().to_owned()),
            Event::CouponUsed(event) => ("coupon", event.user_coupon_id.as_str().to_owned()),
            Event::CampaignCreated(event) => ("campaign", event.coupon_id.to_string()),
            Event::CampaignChanged(event) => ("campaign", event.coupon_id.to_string()),
            Event::PointsCharged(event) => ("points-account", event.user_id.to_string()),
            Event::ProductRegistered(event) => ("product", event.product_id.to_string()),
            Event::ProductSoldOut(event) => ("product", event.product_id.to_string()),
            Event::ProductRestocked(event) => ("product", event.product_id.to_string()),
            Event::PriceChanged(event) => ("product", event.product_id.to_string()),
            Event::ProductStatusChanged(event) => ("product", event.product_id.to_string()),
            Event::StockAdjusted(event) => ("product", event.product_id.to_string()),
        }
    }
}
