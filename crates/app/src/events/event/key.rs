//! The key of each event, which keeps all events about one thing in order.

use domain::coupon::QueueKey;
use domain::ids::{CampaignId, UserId};

use super::Event;

impl Event {
    /// Returns the key, which keeps all events about one thing in order.
    #[expect(clippy::too_many_lines, reason = "a line for each event")]
    pub fn key(&self) -> String {
        match self {
            Event::OrderCreated(event) => event.user_id.to_string(),
            Event::OrderAwaitingPayment(event) => event.user_id.to_string(),
            Event::OrderCompleted(event) => event.user_id.to_string(),
            Event::OrderCancelled(event) => event.user_id.to_string(),
            Event::StockDeductionRequested(event) => event.product_id.to_string(),
            Event::StockAdjusted(event) => event.product_id.to_string(),
            Event::StockMoved(event) => event.product_id.to_string(),
            Event::PointsMoved(event) => event.user_id.to_string(),
            Event::DeadLettered(event) => event.letter_id.to_string(),
            Event::WebhookDisabled(event) => event.webhook_id.to_string(),
            Event::AlertRaised(event) => event.alert_id.to_string(),
            Event::AlertCleared(event) => event.alert_id.to_string(),
            Event::ProductTakenOutOfDrop(event) => event.product_id.to_string(),
            Event::ProductPutIntoDrop(event) => event.product_id.to_string(),
            Event::DropCreated(event) => event.drop_id.to_string(),
            Event::DropChanged(event) => event.drop_id.to_string(),
            Event::DropOpened(event) | Event::DropSoldOut(event) | Event::DropClosed(event) => {
                event.drop_id.to_string()
            }
            Event::CouponUsageRequested(event) => event.coupon_id.to_string(),
            Event::CampaignCreated(event) => event.coupon_id.to_string(),
            Event::CampaignChanged(event) => event.coupon_id.to_string(),
            Event::PointDeductionRequested(event) => event.user_id.to_string(),
            Event::PointsCharged(event) => event.user_id.to_string(),
            Event::StockDeductionCompleted(report)
            | Event::StockDeductionFailed(report)
            | Event::CouponUsageCompleted(report)
            | Event::CouponUsageFailed(report)
            | Event::PointDeductionCompleted(report)
            | Event::PointDeductionFailed(report)
            | Event::StockRestored(report)
            | Event::CouponRestored(report)
            | Event::PointsRestored(report) => report.order_id.as_str().to_owned(),
            Event::CompensationRequired(event) => event.order_id.as_str().to_owned(),
            Event::StockRestorationRequired(event) => event.order_id.as_str().to_owned(),
            Event::CouponRestorationRequired(event) => event.order_id.as_str().to_owned(),
            Event::PointRestorationRequired(event) => event.order_id.as_str().to_owned(),
            Event::CompensationCompleted(event) => event.order_id.as_str().to_owned(),
            Event::CompensationStuck(event) => event.order_id.as_str().to_owned(),
            Event::CompensationResumed(event) => event.order_id.as_str().to_owned(),
            Event::CompensationResolved(event) => event.order_id.as_str().to_owned(),
            Event::DelayedProcessing(event) => event.order_id.as_str().to_owned(),
            Event::CouponRequested(event) => queue_key(event.queue_key, event.user_id, event.coupon_id),
            Event::CouponResult(event) => queue_key(event.queue_key, event.user_id, event.coupon_id),
            Event::CouponIssued(event) => event.user_id.to_string(),
            Event::CouponUsed(event) => event.user_id.to_string(),
            Event::ProductRegistered(event) => event.product_id.to_string(),
            Event::ProductSoldOut(event) => event.product_id.to_string(),
            Event::ProductRestocked(event) => event.product_id.to_string(),
            Event::PriceChanged(event) => event.product_id.to_string(),
            Event::ProductDescribed(event) => event.product_id.to_string(),
            Event::ProductStatusChanged(event) => event.product_id.to_string(),
            Event::ModeChanged(event) => event.changed_by.map_or_else(String::new, |admin| admin.to_string()),
            Event::OrderStatusChanged(event) => event.user_id.to_string(),
            Event::OrderReturned(event) => event.user_id.to_string(),
            Event::OrderRefundAsked(event) => event.user_id.to_string(),
            Event::OrderRefundRejected(event) => event.user_id.to_string(),
            Event::OrderHoldExtended(event) => event.user_id.to_string(),
            Event::OrderGoodsArrived(event) => event.user_id.to_string(),
            Event::OrderProcessingFailed(event) => event.user_id.to_string(),
            Event::ShipmentUpdated(event) => event.user_id.to_string(),
            Event::StorageUpdated(event) => event.user_id.to_string(),
            Event::OrderProcessingRequested(event) => event.order_id.as_str().to_owned(),
            Event::OrderProcessingRetried(event) => event.order_id.as_str().to_owned(),
            Event::PaymentRequested(event)
            | Event::PaymentAuthorized(event)
            | Event::PaymentCaptured(event)
            | Event::PaymentActionRequired(event)
            | Event::PaymentVoidRequested(event)
            | Event::PaymentVoided(event) => event.order_id.as_str().to_owned(),
            Event::PaymentDeclined(event) => event.order_id.as_str().to_owned(),
            Event::PaymentRefundRequested(event) | Event::PaymentRefunded(event) => event.order_id.as_str().to_owned(),
            Event::PaymentRefundFailed(event) | Event::PaymentVoidFailed(event) => event.order_id.as_str().to_owned(),
            Event::PaymentStuck(event) => event.order_id.as_str().to_owned(),
            Event::PaymentRetried(event) => event.order_id.as_str().to_owned(),
            Event::PaymentResolved(event) => event.order_id.as_str().to_owned(),
            Event::PaymentFailed(event) => event.user_id.to_string(),
            Event::PaymentCompleted(event) => event.order_id.as_str().to_owned(),
        }
    }
}

fn queue_key(key: QueueKey, user: UserId, campaign: CampaignId) -> String {
    match key {
        QueueKey::Campaign => campaign.to_string(),
        QueueKey::User => format!("user:{user}"),
    }
}
