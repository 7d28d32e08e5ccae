//! The engine's commands: from customers and admins, from delivered events, from timers.

pub mod answer;
pub(crate) mod catalogue;
pub mod context;
pub(crate) mod coupons;
pub mod dispatch;
pub(crate) mod failed_delivery;
pub(crate) mod fulfilment;
pub(crate) mod maintenance;
pub(crate) mod modes;
pub(crate) mod notices;
pub(crate) mod order;
pub(crate) mod participants;
pub(crate) mod points;
pub(crate) mod users;

use std::sync::Arc;
use std::time::Duration;

use domain::coupon::{Change as CampaignChange, IssueMode, QueueKey};
use domain::ids::{CampaignId, Code, CouponId, DeadLetterId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::fulfilment::Goods;
use domain::order::saga::{Report, Step};
use domain::order::{Canceller, Choice, Payment, Receiver};
use domain::payment::{Asked, Means, Method};
use domain::pricing::Discount;
use domain::shipment::State as ShipmentState;
use domain::stock::Status as ProductStatus;
use domain::time::Timestamp;
use domain::warehouse::State as StorageState;

pub use catalogue::drops::DropCommand;
pub use dispatch::guarded::{Guarded, Tag};
pub use notices::alerts::{AlertCommand, Sighting};
pub use notices::notifications::{NotSent, NotificationCommand};
pub use notices::webhooks::{
    DeliveryAnswered, NewWebhook, RenewedSecret, Replay, Replayed, TestDelivery, WebhookCommand,
};
pub use users::api_keys::{ApiKeyCommand, NewApiKey};

use crate::commands::answer::moved::PartitionMoved;
use crate::events::event::{
    CouponIssued, CouponResult, OrderProcessingFailed, OrderRefundRejected, OrderReturned, PaymentFailed, PaymentStuck,
    Sold,
};
use crate::events::notices::OrderChange;
use crate::log::group::Group;
use crate::log::trailing::Follow;
use crate::payments::provider::{Found, Operation, ProviderError, Verdict};
use crate::state::rows::{
    Added, AnswerKey, CallbackRow, DeadLetter, EmailKey, EventId, Message, NewDetails, OffsetKey, OffsetMove, ParkKey,
    ParkedKey, Prune, Removal, Role,
};

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    RegisterUser(Box<RegisterUser>),
    ChangeLogin(Box<ChangeLogin>),
    /// A user logs out: the token with this mark ends before it expires.
    EndToken {
        mark: i64,
        expires: Timestamp,
    },
    ApiKey(ApiKeyCommand),
    /// Only the trail's line of the job, for an act that changes nothing in the store.
    Record,
    RegisterProduct {
        name: Arc<str>,
        price: Money,
        stock: i64,
        details: Option<Box<NewDetails>>,
    },
    ChangeProduct {
        product: ProductId,
        price: Option<Money>,
        status: Option<ProductStatus>,
        details: Option<Box<NewDetails>>,
    },
    AdjustStock {
        product: ProductId,
        delta: i64,
        reason: Arc<str>,
    },
    CreateCampaign(Box<CreateCampaign>),
    ChangeCampaign {
        campaign: CampaignId,
        change: CampaignChange,
    },
    ChargePoints {
        user: UserId,
        amount: Money,
    },
    IssueCoupon {
        campaign: CampaignId,
        user: UserId,
    },
    RequestCoupon {
        campaign: CampaignId,
        user: UserId,
    },
    PlaceOrder(Box<PlaceOrder>),
    CancelOrder {
        order: OrderId,
        by: Canceller,
        /// The canceller's reason, in their own words.
        note: Option<Arc<str>>,
    },
    ResumeOrder {
        order: OrderId,
    },
    /// An admin gives the customer more time to pay.
    ExtendHold {
        order: OrderId,
        by: UserId,
        more: Duration,
    },
    /// Starts the payment of an order that waits for it.
    Pay {
        order: OrderId,
        method: Method,
        /// Boxed, because most payments have none.
        means: Option<Arc<Means>>,
        /// The amount that the customer was shown.
        amount_shown: Option<Money>,
    },
    /// Pays what is due and sends the goods, or stores them, in one step.
    ProcessOrder(Box<ProcessOrder>),
    /// The provider's result for a payment operation.
    PaymentAnswered(Box<PaymentAnswered>),
    /// An operator retries a stuck refund or void.
    RetryStuckPayment {
        order: OrderId,
        by: UserId,
    },
    /// An operator resolves a stuck refund or void that was done without the provider.
    ResolveStuckPayment {
        order: OrderId,
        by: UserId,
        reason: Arc<str>,
        /// Where the operator's act is documented.
        reference: Arc<str>,
    },
    /// Refunds units of an order.
    RefundOrder(Box<RefundWanted>),
    /// The shop approves or rejects a requested refund.
    DecideRefund {
        order: OrderId,
        decision: RefundDecision,
    },
    /// Refunded goods arrived or are written off. No lines mean all that are awaited.
    TakeInGoods {
        order: OrderId,
        lines: Vec<(ProductId, i64)>,
        is_written_off: bool,
    },
    AdvanceShipment {
        order: OrderId,
        state: ShipmentState,
        tracking: Option<Arc<str>>,
    },
    AdvanceStorage {
        order: OrderId,
        state: StorageState,
    },
    /// An operator restores by hand what a stuck order holds.
    ResolveOrder {
        order: OrderId,
        by: UserId,
        reason: Arc<str>,
    },
    /// Another change, if its thing is still as the client saw it.
    Guarded(Box<Guarded>),
    ChangeModes(Box<ChangeModes>),
    Webhook(WebhookCommand),
    Alert(AlertCommand),
    Notification(NotificationCommand),
    Drop(DropCommand),
    /// The command of an event, from the table of reactions.
    React(Reaction),
    /// Parking, retry and dead letters of events that could not be handled.
    FailedDelivery(FailedDelivery),
    FireTimer {
        order: OrderId,
        due: Timestamp,
    },
    Repair(Repair),
    /// An operator moves a group's offset, from the offset that they saw.
    MoveGroup {
        moves: Vec<OffsetMove>,
        /// What the operator is shown of the moves; the answer keeps it.
        partitions: Vec<PartitionMoved>,
    },
    /// Moves a group past events that have no reaction in it; the new offset is in the job's source.
    Skip,
    /// The effect of a slice of events of a trailing group, and its new offsets.
    Follow(Box<Follow>),
    /// Adds to figures of the statistics what leaves no event: refused coupons.
    AddFigures(Vec<Added>),
    /// Deletes old rows that are kept for a time only.
    Prune(Vec<Prune>),
    /// Removes events that an archive has.
    Remove(Removal),
    /// Deletes idempotency answers older than `before`.
    ForgetAnswers {
        keys: Vec<AnswerKey>,
        before: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct RegisterUser {
    pub email: Arc<str>,
    pub email_key: EmailKey,
    pub name: Arc<str>,
    pub password_hash: Arc<str>,
    pub role: Role,
    /// Chosen by the engine. The number may be taken by a customer whose token came from elsewhere.
    pub candidate: Option<UserId>,
}

/// A change of the login of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeLogin {
    pub email_key: EmailKey,
    pub user: UserId,
    pub change: LoginChange,
}

#[derive(Clone, Debug, PartialEq)]
pub enum LoginChange {
    Role(Role),
    /// The hash of a new password.
    Password(Arc<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreateCampaign {
    pub name: Arc<str>,
    pub discount: Discount,
    pub quantity: i64,
    pub issue_per_user_max: i64,
    pub issue_starts_at: Timestamp,
    pub issue_ends_at: Timestamp,
    pub valid_until: Timestamp,
    pub issue_mode: IssueMode,
    pub queue_key: QueueKey,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlaceOrder {
    pub user: UserId,
    /// As sent; lines of the same product are added up when the order is placed.
    pub items: Vec<(ProductId, i64)>,
    pub coupon: Option<(CampaignId, Option<CouponId>)>,
    pub points: Money,
    pub payment: Payment,
    pub receiver: Option<Receiver>,
    pub warehouse_storage: bool,
    pub total_shown: Option<Money>,
    pub mode: Option<Choice>,
    /// Tickets of waiting rooms, as sent.
    pub tickets: Vec<Code>,
}

/// Changes the mode of orders that do not name one.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeModes {
    pub choice: Choice,
    /// The share of the gradual rule in percent; `None` keeps it.
    pub percent: Option<u8>,
    /// `None` where the canary rule made the change.
    pub by: Option<UserId>,
    pub reason: Arc<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProcessOrder {
    pub order: OrderId,
    pub method: Option<Method>,
    pub receiver: Option<Receiver>,
    /// `None` keeps the order's setting.
    pub warehouse_storage: Option<bool>,
}

/// A request to refund units of an order. No lines mean all units that are left.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundWanted {
    pub order: OrderId,
    pub lines: Vec<(ProductId, i64)>,
    /// The requester's reason, in their own words.
    pub note: Option<Arc<str>>,
    /// Set when the shop itself refunds: what happens to goods that have been shipped.
    pub by_shop: Option<Goods>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RefundDecision {
    Approve { goods: Goods },
    Reject { note: Arc<str> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct PaymentAnswered {
    pub order: OrderId,
    pub asked: Asked,
    pub answer: Result<Found, ProviderError>,
    /// When the call began whose answer this is; `None` for a callback.
    pub called_at: Option<Timestamp>,
    /// Set for a callback from the provider; each callback is applied once.
    pub callback: Option<CallbackRow>,
}

impl PaymentAnswered {
    pub(crate) fn is_of_authorization(&self) -> bool {
        self.asked.operation == Operation::Authorize
    }

    /// Returns what the provider calls the card or account that pays, if it says so.
    pub fn fingerprint(&self) -> Option<&str> {
        match &self.answer {
            Ok(Found::Verdict(Verdict::Approved { fingerprint, .. })) => fingerprint.as_deref(),
            Ok(_) | Err(_) => None,
        }
    }
}

/// The commands of events; [`crate::log::reactions`] has the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    ClaimStock { order: OrderId, product: ProductId, quantity: i64 },
    ClaimCoupon { order: OrderId, user: UserId, campaign: CampaignId, coupon: Option<CouponId> },
    ClaimPoints { order: OrderId, user: UserId, amount: Money },
    ReleaseStock { order: OrderId, product: ProductId, quantity: i64 },
    ReleaseCoupon { order: OrderId, user: UserId, campaign: CampaignId },
    ReleasePoints { order: OrderId, user: UserId, amount: Money },
    Delay { order: OrderId, step: Step, until: Timestamp },
    Collect { order: OrderId, step: Step, report: Report, at: Timestamp },
    DecideRequest { request: RequestId, user: UserId, campaign: CampaignId },
    DeliverResult { request: RequestId, result: Box<CouponResult> },
    NoticeOrder { user: Option<UserId>, order: OrderId, change: OrderChange },
    NoticeCoupon { issued: Box<CouponIssued> },
    NoticeFailed { failed: Box<OrderProcessingFailed> },
    ProcessOrder { order: OrderId, method: Option<Method> },
    RetryPayment { order: OrderId, attempt: i64, retry: i64 },
    CallProvider { order: OrderId, attempt: i64, refund: i64 },
    NoticePaymentFailed { failed: Box<PaymentFailed> },
    NoticeStuck { stuck: Box<PaymentStuck> },
    NoticeReturned { order: OrderId, returned: Box<OrderReturned> },
    NoticeRejected { order: OrderId, rejected: Box<OrderRefundRejected> },
    NotifyAgain { event: EventId },
    CountSales { order: OrderId, products: Vec<Sold>, at: Timestamp },
    CountReturns { order: OrderId, products: Vec<Sold>, sold_at: Timestamp },
}

/// Commands on events that a group could not handle: park, retry, dead-letter, resend, edit.
#[derive(Clone, Debug, PartialEq)]
pub enum FailedDelivery {
    /// Parks the event behind others of its key, or as the first one because of an error.
    Park { key: ParkKey, message: Box<Message>, error: Option<Arc<str>> },
    /// Dead-letters the event at once: it cannot be parsed, or the shop refuses it.
    GiveUp { group: Group, message: Box<Message>, error: Arc<str> },
    /// Retries the first events of a key.
    Retry { key: ParkKey, parked: ParkedKey, attempts: Vec<Attempt> },
    /// The retry failed; if this is final, the first event is dead-lettered.
    RetryFailed { key: ParkKey, parked: ParkedKey, tried: usize, error: Arc<str>, is_final: bool },
    /// Resends a dead letter; an operator gives a reason.
    Resend { letter: Box<DeadLetter>, reaction: Option<Reaction>, reason: Option<Arc<str>> },
    /// The resend failed.
    ResendFailed { letter: Box<DeadLetter>, error: Arc<str>, reason: Option<Arc<str>>, is_final: bool },
    /// An operator corrects a letter's payload.
    Edit { letter: DeadLetterId, payload: Arc<str>, reason: Arc<str> },
    /// An operator closes a letter without handling it.
    Drop { letter: Box<DeadLetter>, reason: Arc<str> },
}

/// A parked event with its reaction; `None` when it cannot be parsed any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub message: Message,
    pub reaction: Option<Reaction>,
}

/// A correction from the audit. It is a difference, so that changes since the audit's snapshot are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// Corrects the product's counters to the sums of receipts, claims and orders.
    Product { product: ProductId, reserved: i64, sold: i64, received: i64, written_off: i64 },
    /// Corrects the campaign's count to the number of its coupons.
    Campaign { campaign: CampaignId, issued: i64 },
    /// Corrects the account's balance to the sum of its ledger.
    Account { user: UserId, balance: Money },
    /// Sets the timer of a live order to now; drops a timer that no order needs.
    Timer { order: OrderId },
}

/// The idempotency key of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    pub key: AnswerKey,
    /// SHA-256 of the request's body.
    pub fingerprint: [u8; 32],
}

/// Where a delivered event came from, so that its effect and the group's new offset are one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub offset: OffsetKey,
    /// The offset that the group must have for the event to be applied.
    pub from: i64,
    /// The group's offset afterwards.
    pub next: i64,
    pub event: EventId,
}
