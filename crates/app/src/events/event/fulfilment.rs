//! What happens to an order after it has claimed everything: payments, shipments, refunds.

use std::sync::Arc;

use domain::ids::{Code, UserId};
use domain::money::Money;
use domain::order::Status;
use domain::order::fulfilment::Goods;
use domain::payment::{Method, Operation};
use domain::reason::Reason;
use domain::shipment::State as ShipmentState;
use domain::time::Timestamp;
use domain::warehouse::State as StorageState;
use serde::{Deserialize, Serialize};

use super::Sold;
use crate::events::wire_time;

payload! {
    OrderStatusChanged {
        order_id: Code,
        user_id: UserId,
        status: Status,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        /// What the person said who cancelled the order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_reason: Option<Arc<str>>,
    }
    /// Goods that came back, and what their customer gets back for them.
    OrderReturned {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        refund_amount: Money,
        points_restored: Money,
        /// Nothing is left of the order.
        is_last: bool,
        /// What the person said who gave them back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_reason: Option<Arc<str>>,
        /// What becomes of the goods.
        #[serde(default)]
        goods: Goods,
        /// When they were sold; events of before do not say.
        #[serde(default, with = "wire_time::optional", skip_serializing_if = "Option::is_none")]
        sold_at: Option<Timestamp>,
    }
    /// The shop is asked whether it takes goods back.
    OrderRefundAsked {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_reason: Option<Arc<str>>,
    }
    /// It does not; the order stands where it stood.
    OrderRefundRejected {
        order_id: Code,
        user_id: UserId,
        reject_reason: Arc<str>,
    }
    /// Goods whose price was given back arrived, or are written off because they will not.
    OrderGoodsArrived {
        order_id: Code,
        user_id: UserId,
        products: Vec<Sold>,
        written_off: bool,
    }
    /// What was asked for. The receiver stands with the order.
    ProcessingRequest {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Method>,
        /// Whether the request named a receiver.
        has_receiver: bool,
        warehouse_storage: bool,
    }
    /// O-31; the outbox's own id guards against repeats.
    OrderProcessingRequested {
        order_id: Code,
        user_id: UserId,
        /// The e-mail address with which the customer registered; a customer who is known by a token only has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_email: Option<Arc<str>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Method>,
        warehouse_storage: bool,
        /// Events of before had its parts only beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<ProcessingRequest>,
        retry_count: i64,
        #[serde(with = "wire_time")]
        event_created_at: Timestamp,
    }
    /// The provider could not be reached; it is tried again.
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
    /// A step of a payment: asked for, authorised, captured, voided.
    PaymentNote { payment_id: Code, order_id: Code, attempt: i64, method: Method, amount: Money, }
    PaymentDeclined { payment_id: Code, order_id: Code, attempt: i64, amount: Money, code: Arc<str>, }
    /// The money of a refund, asked for or given back.
    PaymentRefund { payment_id: Code, order_id: Code, attempt: i64, refund: i64, amount: Money, }
    /// A refund or a void that the provider declined, or that came to nothing after it was done; it is asked for again.
    PaymentGiveBackFailed {
        payment_id: Code,
        order_id: Code,
        attempt: i64,
        /// Which refund of the attempt; zero for a void.
        refund: i64,
        amount: Money,
        code: Arc<str>,
        /// The provider had said that it was done.
        was_done: bool,
    }
    /// The provider declined to give back, however often it was asked: an operator must see to it.
    PaymentStuck {
        payment_id: Code,
        order_id: Code,
        user_id: UserId,
        attempt: i64,
        operation: GiveBack,
        amount: Money,
        tries: i64,
        code: Arc<str>,
        /// Not for the first time: an operator had it tried once more.
        is_again: bool,
    }
    /// An operator has what is stuck tried once more.
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
    /// An operator settled what was stuck without the provider.
    PaymentResolved {
        payment_id: Code,
        order_id: Code,
        attempt: i64,
        operation: GiveBack,
        /// What its customer got otherwise; nothing where money was let go.
        amount: Money,
        reason: Arc<str>,
        reference: Arc<str>,
        resolved_by: UserId,
        #[serde(with = "wire_time")]
        resolved_at: Timestamp,
    }
    /// An attempt to pay came to nothing; the order may be paid until its time is over.
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

/// How money goes back.
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

    /// `None` for a deed that takes money.
    pub const fn of(operation: Operation) -> Option<GiveBack> {
        match operation {
            Operation::Refund => Some(GiveBack::Refund),
            Operation::Void => Some(GiveBack::Void),
            Operation::Authorize | Operation::Capture => None,
        }
    }
}
