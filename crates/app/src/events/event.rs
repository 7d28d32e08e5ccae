//! Every event of the shop, as it is written to the outbox and read from the log. Names and JSON never change: the
//! snapshots in `tests/it/snapshots` pin them.

mod aggregate;
mod claiming;
mod copies;
mod key;
mod note;

use std::sync::Arc;

use domain::coupon::QueueKey;
use domain::ids::{CampaignId, Code, ProductId, UserId};
use domain::money::Money;
use domain::order::saga::Step;
use domain::order::{Line, Mode, Payment, Rule, Status};
use domain::reason::Reason;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::events::topic::Topic;
use crate::events::wire_time;

pub use claiming::{CompensationResolved, DelayedProcessing, ModeChanged, RestorationType};

/// Declares the events once: variant, payload, topic. A request event asks a participant to act; under the inline
/// executor it is answered before the commit and leaves no row.
macro_rules! events {
    ($($name:ident($payload:ty) => $topic:ident $(, $request:ident)?;)*) => {
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $($name($payload),)*
        }

        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($name,)*
        }

        impl EventKind {
            pub const ALL: &'static [EventKind] = &[$(EventKind::$name,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(EventKind::$name => stringify!($name),)*
                }
            }

            pub const fn topic(self) -> Topic {
                match self {
                    $(EventKind::$name => Topic::$topic,)*
                }
            }

            /// The event's public type: the shop's prefix, its name, and the version of its payload.
            pub const fn ce_type(self) -> &'static str {
                match self {
                    $(EventKind::$name => concat!("dev.doorbuster.", stringify!($name), ".v1"),)*
                }
            }

            /// The JSON Schema of its payload, as in `docs/events`.
            pub const fn schema(self) -> &'static str {
                match self {
                    $(EventKind::$name => include_str!(
                        concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events/", stringify!($name), ".json")
                    ),)*
                }
            }

            /// Returns true if the event only requests an action of a participant.
            pub const fn is_request(self) -> bool {
                match self {
                    $(EventKind::$name => false $(|| stringify!($request).len() > 0)?,)*
                }
            }
        }

        impl Event {
            pub const fn kind(&self) -> EventKind {
                match self {
                    $(Event::$name(_) => EventKind::$name,)*
                }
            }

            /// Returns the event's JSON.
            pub fn payload(&self) -> String {
                // Most payloads fit, so the buffer rarely grows.
                let mut json = Vec::with_capacity(512);
                match self {
                    $(Event::$name(payload) => serde_json::to_writer(&mut json, payload),)*
                }
                .expect("payloads are plain structs with string keys");
                String::from_utf8(json).expect("JSON is written as UTF-8")
            }

            /// Parses an event; the error says what does not fit.
            pub fn parse(kind: EventKind, payload: &str) -> Result<Event, serde_json::Error> {
                match kind {
                    $(EventKind::$name => serde_json::from_str(payload).map(Event::$name),)*
                }
            }
        }
    };
}

events! {
    OrderCreated(OrderCreated) => OrderEvents;
    StockDeductionRequested(StockRequest) => StockEvents, request;
    CouponUsageRequested(CouponRequest) => CouponEvents, request;
    PointDeductionRequested(PointRequest) => PointEvents, request;
    StockDeductionCompleted(StepReport) => OrderProcessingResults;
    StockDeductionFailed(StepReport) => OrderProcessingResults;
    CouponUsageCompleted(StepReport) => OrderProcessingResults;
    CouponUsageFailed(StepReport) => OrderProcessingResults;
    PointDeductionCompleted(StepReport) => OrderProcessingResults;
    PointDeductionFailed(StepReport) => OrderProcessingResults;
    DelayedProcessing(DelayedProcessing) => OrderProcessingResults;
    CompensationRequired(CompensationRequired) => CompensationEvents;
    StockRestorationRequired(StockRestoration) => CompensationEvents, request;
    CouponRestorationRequired(CouponRestoration) => CompensationEvents, request;
    PointRestorationRequired(PointRestoration) => CompensationEvents, request;
    StockRestored(StepReport) => OrderProcessingResults;
    CouponRestored(StepReport) => OrderProcessingResults;
    PointsRestored(StepReport) => OrderProcessingResults;
    CompensationCompleted(CompensationCompleted) => CompensationEvents;
    CompensationStuck(OrderNote) => CompensationEvents;
    CompensationResumed(CompensationResumed) => CompensationEvents;
    CompensationResolved(CompensationResolved) => CompensationEvents;
    OrderAwaitingPayment(OrderAwaitingPayment) => OrderEvents;
    OrderCompleted(OrderCompleted) => OrderEvents;
    OrderCancelled(OrderCancelled) => OrderEvents;
    CouponRequested(CouponRequested) => CouponRequests, request;
    CouponResult(CouponResult) => CouponResults;
    CouponIssued(CouponIssued) => CouponIssued;
    CouponUsed(CouponUsed) => CouponUsed;
    CampaignCreated(CampaignCreated) => CouponEvents;
    CampaignChanged(CampaignChanged) => CouponEvents;
    PointsCharged(PointsCharged) => PointEvents;
    ProductRegistered(ProductRegistered) => ProductEvents;
    ProductSoldOut(ProductSoldOut) => ProductEvents;
    ProductRestocked(ProductRestocked) => ProductEvents;
    PriceChanged(PriceChanged) => ProductEvents;
    ProductStatusChanged(ProductStatusChanged) => ProductEvents;
    ProductDescribed(ProductDescribed) => ProductEvents;
    StockAdjusted(StockAdjusted) => StockEvents;
    OrderStatusChanged(OrderStatusChanged) => OrderEvents;
    OrderReturned(OrderReturned) => OrderEvents;
    OrderRefundAsked(OrderRefundAsked) => OrderEvents;
    OrderRefundRejected(OrderRefundRejected) => OrderEvents;
    OrderGoodsArrived(OrderGoodsArrived) => OrderEvents;
    OrderHoldExtended(OrderHoldExtended) => OrderEvents;
    OrderProcessingRequested(OrderProcessingRequested) => OrderProcessing;
    OrderProcessingRetried(OrderProcessingRetried) => OrderRetry;
    OrderProcessingFailed(OrderProcessingFailed) => OrderEvents;
    PaymentRequested(PaymentNote) => PaymentEvents;
    PaymentActionRequired(PaymentNote) => PaymentEvents;
    PaymentAuthorized(PaymentNote) => PaymentEvents;
    PaymentCaptured(PaymentNote) => PaymentEvents;
    PaymentDeclined(PaymentDeclined) => PaymentEvents;
    PaymentVoidRequested(PaymentNote) => PaymentEvents;
    PaymentVoided(PaymentNote) => PaymentEvents;
    PaymentRefundRequested(PaymentRefund) => PaymentEvents;
    PaymentRefunded(PaymentRefund) => PaymentEvents;
    PaymentRefundFailed(PaymentGiveBackFailed) => PaymentEvents;
    PaymentVoidFailed(PaymentGiveBackFailed) => PaymentEvents;
    PaymentStuck(PaymentStuck) => PaymentEvents;
    PaymentRetried(PaymentRetried) => PaymentEvents;
    PaymentResolved(PaymentResolved) => PaymentEvents;
    PaymentFailed(PaymentFailed) => OrderEvents;
    PaymentCompleted(PaymentCompleted) => ExternalEvents;
    ShipmentUpdated(ShipmentUpdated) => OrderEvents;
    StorageUpdated(StorageUpdated) => OrderEvents;
    ModeChanged(ModeChanged) => OrderEvents;
    StockMoved(StockMoved) => StockEvents;
    PointsMoved(PointsMoved) => PointEvents;
    DeadLettered(DeadLettered) => ExternalEvents;
    WebhookDisabled(WebhookDisabled) => ExternalEvents;
    AlertRaised(AlertRaised) => ExternalEvents;
    AlertCleared(AlertCleared) => ExternalEvents;
    ProductPutIntoDrop(ProductPutIntoDrop) => ProductEvents;
    ProductTakenOutOfDrop(ProductTakenOutOfDrop) => ProductEvents;
    DropCreated(DropCreated) => DropEvents;
    DropChanged(DropChanged) => DropEvents;
    DropOpened(DropMoment) => DropEvents;
    DropSoldOut(DropMoment) => DropEvents;
    DropClosed(DropMoment) => DropEvents;
}

impl EventKind {
    pub fn from_name(name: &str) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Returns the kind of a record's type. Old records, and those that a connector copies, have the name alone.
    pub fn from_type(text: &str) -> Option<EventKind> {
        let named = text.strip_prefix("dev.doorbuster.").and_then(|rest| rest.strip_suffix(".v1"));
        EventKind::from_name(named.unwrap_or(text))
    }
}

macro_rules! payload {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }
    )*};
}

mod campaigns;
mod drops;
mod fulfilment;
mod movements;
mod products;
mod result_code;
mod sold;

pub use campaigns::{CampaignChanged, CampaignCreated};
pub use drops::{DropChanged, DropCreated, DropMoment, ProductPutIntoDrop, ProductTakenOutOfDrop};
pub use fulfilment::{
    GiveBack, OrderGoodsArrived, OrderHoldExtended, OrderProcessingFailed, OrderProcessingRequested,
    OrderProcessingRetried, OrderRefundAsked, OrderRefundRejected, OrderReturned, OrderStatusChanged, PaymentCompleted,
    PaymentDeclined, PaymentFailed, PaymentGiveBackFailed, PaymentNote, PaymentRefund, PaymentResolved, PaymentRetried,
    PaymentStuck, ProcessingRequest, ShipmentUpdated, StorageUpdated,
};
pub use movements::{AlertCleared, AlertRaised, DeadLettered, PointsMoved, StockMoved, StockMovement, WebhookDisabled};
pub use products::{
    PriceChanged, ProductDescribed, ProductRegistered, ProductRestocked, ProductSoldOut, ProductStatusChanged,
    StockAdjusted,
};
pub use result_code::ResultCode;
pub use sold::Sold;

payload! {
    /// Everything that is fixed when an order is placed, except its receiver, which is kept out of events.
    OrderCreated {
        order_id: Code,
        user_id: UserId,
        mode: Mode,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen_by: Option<Rule>,
        payment: Payment,
        pay_within_seconds: u64,
        items: Vec<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coupon_id: Option<CampaignId>,
        /// The coupon that the request named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_coupon_id: Option<Code>,
        total_price: Money,
        discount_price: Money,
        points_used: Money,
        amount_due: Money,
        warehouse_storage: bool,
        total_steps: usize,
        #[serde(with = "wire_time")]
        created_at: Timestamp,
    }
    StockRequest { order_id: Code, product_id: ProductId, quantity: i64, }
    CouponRequest {
        order_id: Code,
        user_id: UserId,
        coupon_id: CampaignId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_coupon_id: Option<Code>,
    }
    PointRequest { order_id: Code, user_id: UserId, points: Money, }
    /// A participant's report on one step of one order.
    StepReport {
        order_id: Code,
        #[serde(flatten)]
        step: Step,
        ok: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        /// Units that were reserved or restored in this commit: a repeated answer moves none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quantity: Option<i64>,
        /// The owner of the points or the coupon that were taken or restored in this commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_id: Option<UserId>,
        /// The coupon that was taken or restored in this commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_coupon_id: Option<Code>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        points: Option<Money>,
        /// The campaign whose coupon was used or restored in this commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coupon_id: Option<CampaignId>,
    }
    CompensationRequired {
        order_id: Code,
        reason: Reason,
        steps: Vec<Step>,
        /// The canceller's reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_reason: Option<Arc<str>>,
        /// Steps are restored one after the other; by events of older versions all were requested at once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_turn: bool,
    }
    /// `event_type` and `timestamp` as in source 001 §7.3.
    StockRestoration {
        order_id: Code,
        product_id: ProductId,
        quantity: i64,
        event_type: RestorationType,
        #[serde(with = "wire_time")]
        timestamp: Timestamp,
    }
    CouponRestoration {
        order_id: Code,
        user_id: UserId,
        coupon_id: CampaignId,
        event_type: RestorationType,
        #[serde(with = "wire_time")]
        timestamp: Timestamp,
    }
    PointRestoration {
        order_id: Code,
        user_id: UserId,
        points: Money,
        event_type: RestorationType,
        #[serde(with = "wire_time")]
        timestamp: Timestamp,
    }
    CompensationCompleted { order_id: Code, reason: Reason, }
    CompensationResumed { order_id: Code, steps: Vec<Step>, }
    /// Events of older versions have neither the order's user nor its status.
    OrderNote {
        order_id: Code,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_id: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
    }
    OrderAwaitingPayment {
        order_id: Code,
        user_id: UserId,
        amount_due: Money,
        #[serde(with = "wire_time")]
        pay_before: Timestamp,
        /// The products that are held until `payBefore`; absent in events of older versions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        products: Vec<Sold>,
    }
    OrderCompleted {
        order_id: Code,
        order_number: Code,
        user_id: UserId,
        products: Vec<Sold>,
        /// The items' total, as in the request: `total = discount + points + due`. In events of older versions it
        /// excludes the discount.
        total_amount: Money,
        #[serde(default)]
        discount_amount: Money,
        #[serde(default)]
        points_used: Money,
        /// The amount that the customer has paid; zero so far for payment on delivery.
        #[serde(default)]
        paid_amount: Money,
        #[serde(default)]
        amount_due: Money,
        /// The order's status from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        #[serde(with = "wire_time")]
        order_created_at: Timestamp,
        #[serde(with = "wire_time")]
        completed_at: Timestamp,
    }
    OrderCancelled {
        order_id: Code,
        user_id: UserId,
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_reason: Option<Arc<str>>,
    }
    CouponRequested {
        request_id: Code,
        user_id: UserId,
        coupon_id: CampaignId,
        queue_key: QueueKey,
        #[serde(with = "wire_time")]
        requested_at: Timestamp,
    }
    CouponResult {
        request_id: Code,
        user_id: UserId,
        coupon_id: CampaignId,
        queue_key: QueueKey,
        success: bool,
        result_code: ResultCode,
        message: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coupon_history_id: Option<Code>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issue_number: Option<i64>,
        #[serde(with = "wire_time")]
        processed_at: Timestamp,
        processing_time_ms: u64,
    }
    CouponIssued {
        user_coupon_id: Code,
        user_id: UserId,
        coupon_id: CampaignId,
        coupon_name: Arc<str>,
        issue_number: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<Code>,
        #[serde(with = "wire_time")]
        issued_at: Timestamp,
    }
    CouponUsed {
        user_coupon_id: Code,
        user_id: UserId,
        /// Its campaign; absent in events of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coupon_id: Option<CampaignId>,
        order_id: Code,
        discount_amount: Money,
        #[serde(with = "wire_time")]
        used_at: Timestamp,
    }
    PointsCharged { user_id: UserId, amount: Money, balance: Money, }
}
