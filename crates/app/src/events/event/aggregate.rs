//! The aggregate of each event for the outbox: its type, and its id as on the wire.

use std::borrow::Cow;

use super::Event;

impl Event {
    /// Returns `(aggregatetype, aggregateid)` of the outbox row.
    #[expect(clippy::too_many_lines, reason = "a line for each event")]
    pub fn aggregate(&self) -> (&'static str, Cow<'_, str>) {
        match self {
            Event::OrderCreated(event) => ("order", event.order_id.as_str().into()),
            Event::OrderAwaitingPayment(event) => ("order", event.order_id.as_str().into()),
            Event::OrderCompleted(event) => ("order", event.order_id.as_str().into()),
            Event::OrderCancelled(event) => ("order", event.order_id.as_str().into()),
            Event::StockDeductionRequested(event) => ("order", event.order_id.as_str().into()),
            Event::CouponUsageRequested(event) => ("order", event.order_id.as_str().into()),
            Event::PointDeductionRequested(event) => ("order", event.order_id.as_str().into()),
            Event::StockDeductionCompleted(report)
            | Event::StockDeductionFailed(report)
            | Event::CouponUsageCompleted(report)
            | Event::CouponUsageFailed(report)
            | Event::PointDeductionCompleted(report)
            | Event::PointDeductionFailed(report)
            | Event::StockRestored(report)
            | Event::CouponRestored(report)
            | Event::PointsRestored(report) => ("order", report.order_id.as_str().into()),
            Event::CompensationRequired(event) => ("order", event.order_id.as_str().into()),
            Event::StockRestorationRequired(event) => ("order", event.order_id.as_str().into()),
            Event::CouponRestorationRequired(event) => ("order", event.order_id.as_str().into()),
            Event::PointRestorationRequired(event) => ("order", event.order_id.as_str().into()),
            Event::CompensationCompleted(event) => ("order", event.order_id.as_str().into()),
            Event::CompensationStuck(event) => ("order", event.order_id.as_str().into()),
            Event::DelayedProcessing(event) => ("order", event.order_id.as_str().into()),
            Event::CompensationResolved(event) => ("order", event.order_id.as_str().into()),
            Event::CompensationResumed(event) => ("order", event.order_id.as_str().into()),
            Event::OrderStatusChanged(event) => ("order", event.order_id.as_str().into()),
            Event::OrderReturned(event) => ("order", event.order_id.as_str().into()),
            Event::OrderRefundAsked(event) => ("order", event.order_id.as_str().into()),
            Event::OrderRefundRejected(event) => ("order", event.order_id.as_str().into()),
            Event::OrderHoldExtended(event) => ("order", event.order_id.as_str().into()),
            Event::OrderGoodsArrived(event) => ("order", event.order_id.as_str().into()),
            Event::OrderProcessingRequested(event) => ("order", event.order_id.as_str().into()),
            Event::OrderProcessingRetried(event) => ("order", event.order_id.as_str().into()),
            Event::OrderProcessingFailed(event) => ("order", event.order_id.as_str().into()),
            Event::ShipmentUpdated(event) => ("order", event.order_id.as_str().into()),
            Event::StorageUpdated(event) => ("order", event.order_id.as_str().into()),
            Event::PaymentRequested(event)
            | Event::PaymentAuthorized(event)
            | Event::PaymentCaptured(event)
            | Event::PaymentActionRequired(event)
            | Event::PaymentVoidRequested(event)
            | Event::PaymentVoided(event) => ("payment", event.payment_id.as_str().into()),
            Event::PaymentDeclined(event) => ("payment", event.payment_id.as_str().into()),
            Event::PaymentRefundRequested(event) | Event::PaymentRefunded(event) => {
                ("payment", event.payment_id.as_str().into())
            }
            Event::PaymentRefundFailed(event) | Event::PaymentVoidFailed(event) => {
                ("payment", event.payment_id.as_str().into())
            }
            Event::PaymentStuck(event) => ("payment", event.payment_id.as_str().into()),
            Event::PaymentRetried(event) => ("payment", event.payment_id.as_str().into()),
            Event::PaymentResolved(event) => ("payment", event.payment_id.as_str().into()),
            Event::PaymentFailed(event) => ("payment", event.payment_id.as_str().into()),
            Event::PaymentCompleted(event) => ("payment", event.payment_id.as_str().into()),
            Event::CouponRequested(event) => ("coupon-request", event.request_id.as_str().into()),
            Event::CouponResult(event) => ("coupon-request", event.request_id.as_str().into()),
            Event::CouponIssued(event) => ("coupon", event.user_coupon_id.as_str().into()),
            Event::CouponUsed(event) => ("coupon", event.user_coupon_id.as_str().into()),
            Event::CampaignCreated(event) => ("campaign", event.coupon_id.to_string().into()),
            Event::CampaignChanged(event) => ("campaign", event.coupon_id.to_string().into()),
            Event::PointsCharged(event) => ("points-account", event.user_id.to_string().into()),
            Event::ProductRegistered(event) => ("product", event.product_id.to_string().into()),
            Event::ProductSoldOut(event) => ("product", event.product_id.to_string().into()),
            Event::ProductRestocked(event) => ("product", event.product_id.to_string().into()),
            Event::PriceChanged(event) => ("product", event.product_id.to_string().into()),
            Event::ProductDescribed(event) => ("product", event.product_id.to_string().into()),
            Event::ProductStatusChanged(event) => ("product", event.product_id.to_string().into()),
            Event::ModeChanged(event) => ("mode", event.version.to_string().into()),
            Event::StockAdjusted(event) => ("product", event.product_id.to_string().into()),
            Event::StockMoved(event) => ("product", event.product_id.to_string().into()),
            Event::PointsMoved(event) => ("points-account", event.user_id.to_string().into()),
            Event::DeadLettered(event) => ("dead-letter", event.letter_id.to_string().into()),
            Event::WebhookDisabled(event) => ("webhook", event.webhook_id.to_string().into()),
            Event::AlertRaised(event) => ("alert", event.alert_id.to_string().into()),
            Event::AlertCleared(event) => ("alert", event.alert_id.to_string().into()),
            Event::ProductTakenOutOfDrop(event) => ("product", event.product_id.to_string().into()),
            Event::ProductPutIntoDrop(event) => ("product", event.product_id.to_string().into()),
            Event::DropCreated(event) => ("drop", event.drop_id.to_string().into()),
            Event::DropChanged(event) => ("drop", event.drop_id.to_string().into()),
            Event::DropOpened(event) | Event::DropSoldOut(event) | Event::DropClosed(event) => {
                ("drop", event.drop_id.to_string().into())
            }
        }
    }
}
