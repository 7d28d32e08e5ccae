//! Events of an order after claiming: payments, shipments, refunds.

use std::sync::Arc;

use domain::ids::{CampaignId, Code, UserId};
use domain::money::Money;
use domain::order::Status;
use domain::order::fulfilment::Goods;
use domain::payment::{Method, Operation};
use domain::reason::Reason;
use domain::shipment::State as ShipmentState;
use domain::time::Timestamp;
use domain::warehouse::State as StorageState;
use serde::{Deserialize, Serialize};

use super::sold::Sold;
use crate::events::wire_time;

payload! {
    OrderStatusChanged {
        order_id: Code,
        user_id: UserId,
        status: Status,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        /// The canceller's reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_reason: Option<Arc<str>>,
    }
    /// Returned goods, and what the customer is refunded for them.
    OrderReturned {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        refund_amount: Money,
        /// The value of each product, in the order of `products`: the money that is given back, or the amount that is no longer
        /// due. Absent in events of older versions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        product_amounts: Vec<Money>,
        /// The amount that was due on delivery for the products.
        #[serde(default, skip_serializing_if = "is_zero")]
        no_longer_due: Money,
        points_restored: Money,
        /// Nothing is left of the order.
        is_last: bool,
        /// The requester's reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_reason: Option<Arc<str>>,
        /// The state of the goods: back, awaited or lost.
        #[serde(default)]
        goods: Goods,
        /// When they were sold; absent in events of older versions.
        #[serde(default, with = "wire_time::optional", skip_serializing_if = "Option::is_none")]
        sold_at: Option<Timestamp>,
        /// The campaign whose coupon was restored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coupon_restored: Option<CampaignId>,
    }
    /// A refund waits for the shop's decision.
    OrderRefundAsked {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_reason: Option<Arc<str>>,
    }
    /// The shop rejected the refund; the order keeps its status.
    OrderRefundRejected {
        order_id: Code,
        user_id: UserId,
        reject_reason: Arc<str>,
    }
    /// Refunded goods arrived, or are written off because they will not.
    OrderGoodsArrived {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        written_off: bool,
    }
    /// O-50: an admin gave the customer more time to pay, and the products are held until then.
    OrderHoldExtended {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        #[serde(with = "wire_time")]
        pay_before: Timestamp,
        /// The admin.
        extended_by: UserId,
    }
    /// The parts of the request. The receiver is kept with the order.
    ProcessingRequest {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Method>,
        /// True if the request named a receiver.
        has_receiver: bool,
        warehouse_storage: bool,
    }
    /// O-31; the outbox's own id guards against repeats.
    OrderProcessingRequested {
        order_id: Code,
        user_id: UserId,
        /// The e-mail address with which the customer registered; absent for customers known by a token only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_email: Option<Arc<str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Method>,
        warehouse_storage: bool,
        /// In events of older versions its parts are only fields of the event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<ProcessingRequest>,
        retry_count: i64,
        #[serde(with = "wire_time")]
        event_created_at: Timestamp,
    }
    /// The provider could not be reached; the payment is retried.
    OrderProcessingRetried {
        order_id: Code,
        user_id: UserId,
        attempt: i64,
        retry_count: i64,
        #[serde(with = "wire_time")]
        event_created_at: Timestamp,
    }
    OrderProcessingFailed {
        order_id: Code,
        user_id: UserId,
        code: Arc<str>,
        retryable: bool,
    }
    /// A step of a payment: requested, waiting for the customer's action, authorised, captured, voided.
    PaymentNote { payment_id: Code, order_id: Code, attempt: i64, method: Method, amount: Money, }
    PaymentDeclined { payment_id: Code, order_id: Code, attempt: i64, amount: Money, code: Arc<str>, }
    /// A refund, requested or done.
    PaymentRefund { payment_id: Code, order_id: Code, attempt: i64, refund: i64, amount: Money, }
    /// The provider declined a refund or a void, or reversed it after it was done; it is requested again.
    PaymentGiveBackFailed {
        payment_id: Code,
        order_id: Code,
        attempt: i64,
        /// The number of the attempt's refund; zero for a void.
        refund: i64,
        amount: Money,
        code: Arc<str>,
        /// The provider had reported it as done.
        was_done: bool,
    }
    /// The provider declined every request of a refund or a void: an operator must resolve it.
    PaymentStuck {
        payment_id: Code,
        order_id: Code,
        user_id: UserId,
        attempt: i64,
        operation: GiveBack,
        amount: Money,
        tries: i64,
        code: Arc<str>,
        /// Not for the first time: an operator had retried it.
        is_again: bool,
    }
    /// An operator retries a stuck refund or void.
    PaymentRetried {
        payment_id: Code,
        order_id: Code,
        attempt: i64,
        operation: GiveBack,
        amount: Money,
        retried_by: UserId,
        #[serde(with = "wire_time")]
        retried_at: Timestamp,
    }
    /// An operator resolved a stuck refund or void without the provider.
    PaymentResolved {
        payment_id: Code,
        order_id: Code,
        attempt: i64,
        operation: GiveBack,
        /// The amount that the customer got by other means; zero for a void.
        amount: Money,
        reason: Arc<str>,
        reference: Arc<str>,
        resolved_by: UserId,
        #[serde(with = "wire_time")]
        resolved_at: Timestamp,
    }
    /// A payment attempt failed; the order may be paid until its time is over.
    PaymentFailed {
        payment_id: Code,
        order_id: Code,
        user_id: UserId,
        attempt: i64,
        amount: Money,
        code: Arc<str>,
    }
    /// P-02.
    PaymentCompleted {
        payment_id: Code,
        order_id: Code,
        amount: Money,
        #[serde(with = "wire_time")]
        timestamp: Timestamp,
    }
    ShipmentUpdated {
        order_id: Code,
        user_id: UserId,
        shipment_status: ShipmentState,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracking_number: Option<Arc<str>>,
    }
    StorageUpdated {
        order_id: Code,
        user_id: UserId,
        storage_status: StorageState,
    }
}

/// How money is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GiveBack {
    Refund,
    Void,
}

impl GiveBack {
    pub const fn name(self) -> &'static str {
        match self {
            GiveBack::Refund => "REFUND",
            GiveBack::Void => "VOID",
        }
    }

    /// `None` for an operation that takes money.
    pub const fn of(operation: Operation) -> Option<GiveBack> {
        match operation {
            Operation::Refund => Some(GiveBack::Refund),
            Operation::Void => Some(GiveBack::Void),
            Operation::Authorize | Operation::Capture => None,
        }
    }
}

impl OrderReturned {
    /// Returns the value of the goods: the money that is given back, or the amount that is no longer due.
    pub(crate) fn worth(&self) -> Money {
        self.refund_amount + self.no_longer_due
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(money: &Money) -> bool {
    money.is_zero()
}
