//! Everything that can be asked of the engine: by customers and admins, by events that have arrived, by timers.

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

use domain::coupon::{Change as CampaignChange, IssueMode, QueueKey};
use domain::ids::{CampaignId, Codec, CouponId, LetterId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::fulfilment::Goods;
use domain::order::saga::{Report, Step};
use domain::order::{Canceller, Choice, Payment, Receiver};
use domain::payment::{Asked, Method};
use domain::pricing::Discount;
use domain::shipment::State as ShipmentState;
use domain::stock::Status as ProductStatus;
use domain::time::Timestamp;
use domain::warehouse::State as StorageState;

use crate::events::event::{
    CouponIssued, CouponResult, OrderProcessingFailed, OrderRefundRejected, OrderReturned, PaymentFailed, PaymentStuck,
    Sold,
};
use crate::events::notices::OrderChange;
use crate::log::reactions::{self, Group};
use crate::payments::provider::{Found, ProviderError};
use crate::state::rows::{
    AnswerKey, CallbackRow, DeadLetter, EmailKey, EventId, Message, OffsetKey, OffsetMove, ParkKey, ParkedKey, Role,
};

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    RegisterUser(Box<RegisterUser>),
    RegisterProduct {
        name: Arc<str>,
        price: Money,
        stock: i64,
    },
    ChangeProduct {
        product: ProductId,
        price: Option<Money>,
        status: Option<ProductStatus>,
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
        /// Why, in the words of the person who cancels it.
        note: Option<Arc<str>>,
    },
    ResumeOrder {
        order: OrderId,
    },
    /// Begins to pay for an order that waits for it.
    Pay {
        order: OrderId,
        method: Method,
        /// The amount that the customer was shown.
        amount_shown: Option<Money>,
    },
    /// Pays what is due and sends the goods, or stores them, in one step.
    ProcessOrder(Box<ProcessOrder>),
    /// What became of something that the payment provider was asked for.
    PaymentAnswered(Box<PaymentAnswered>),
    /// An operator has a refund or a void that is stuck tried once more.
    RetryStuckPayment {
        order: OrderId,
        by: UserId,
    },
    /// An operator has settled a refund or a void that is stuck without the provider.
    ResolveStuckPayment {
        order: OrderId,
        by: UserId,
        reason: Arc<str>,
        /// Where it can be found.
        reference: Arc<str>,
    },
    /// Units are to come back.
    RefundOrder(Box<RefundWanted>),
    /// The shop decides about a refund that waits for it.
    DecideRefund {
        order: OrderId,
        decision: RefundDecision,
    },
    /// Goods whose price was given back arrived, or are written off; none named is all that are awaited.
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
    /// An operator has what a stuck order holds given back by the shop itself.
    ResolveOrder {
        order: OrderId,
        by: UserId,
        reason: Arc<str>,
    },
    ChangeModes(Box<ChangeModes>),
    /// What an event leads to.
    React(Reaction),
    /// What becomes of an event that could not be handled.
    FailedDelivery(FailedDelivery),
    FireTimer {
        order: OrderId,
        due: Timestamp,
    },
    Repair(Repair),
    /// An operator moves a group, from where he saw it stand.
    MoveGroup {
        moves: Vec<OffsetMove>,
    },
    /// A group goes past events that it does not ask for; where to is said by the job's source.
    Skip,
    /// Forgets idempotency answers older than `before`, at most so many at once.
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
    /// Chosen by the engine; it may belong to somebody who came with a token of his own.
    pub candidate: Option<UserId>,
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
    /// As sent; lines of one product are added up when the order is placed.
    pub items: Vec<(ProductId, i64)>,
    pub coupon: Option<(CampaignId, Option<CouponId>)>,
    pub points: Money,
    pub payment: Payment,
    pub receiver: Option<Receiver>,
    pub warehouse_storage: bool,
    pub total_shown: Option<Money>,
    pub mode: Option<Choice>,
}

/// Another mode for orders that do not name one.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeModes {
    pub choice: Choice,
    /// For the gradual rule; `None` leaves it.
    pub percent: Option<u8>,
    /// Nobody where the canary rule wants it.
    pub by: Option<UserId>,
    pub reason: Arc<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProcessOrder {
    pub order: OrderId,
    pub method: Option<Method>,
    pub receiver: Option<Receiver>,
    /// `None` leaves it as the order has it.
    pub warehouse_storage: Option<bool>,
}

/// Units that are to come back; none named is all that are left.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundWanted {
    pub order: OrderId,
    pub lines: Vec<(ProductId, i64)>,
    /// Why, in the words of the person who gives them back.
    pub note: Option<Arc<str>>,
    /// The shop itself gives them back, and says what becomes of goods that have left.
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
    /// Where the provider told it by itself: the same telling is taken in once.
    pub told: Option<CallbackRow>,
}

/// The commands that events lead to; [`crate::log::reactions`] says which.
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
    CountSales { order: OrderId, products: Vec<Sold>, at: Timestamp },
    CountReturns { order: OrderId, products: Vec<Sold>, sold_at: Timestamp },
}

/// Events that a group could not handle: they wait, are tried again, are given up, and are looked after by operators.
#[derive(Clone, Debug, PartialEq)]
pub enum FailedDelivery {
    /// The event waits: behind others of its key, or first because of an error.
    Park { key: ParkKey, message: Box<Message>, error: Option<Arc<str>> },
    /// The event is given up at once: it cannot be read, or means nothing here.
    Bury { group: Group, message: Box<Message>, error: Arc<str> },
    /// The first events of a key are tried again.
    Retry { key: ParkKey, parked: ParkedKey, attempts: Vec<Attempt> },
    /// That failed; if it is final, the first event is given up.
    RetryFailed { key: ParkKey, parked: ParkedKey, tried: usize, error: Arc<str>, is_final: bool },
    /// A dead letter is sent again, by an operator for a reason.
    Resend { letter: Box<DeadLetter>, reaction: Option<Reaction>, reason: Option<Arc<str>> },
    /// That failed.
    ResendFailed { letter: Box<DeadLetter>, error: Arc<str>, reason: Option<Arc<str>>, is_final: bool },
    /// An operator corrects what a letter says.
    Edit { letter: LetterId, payload: Arc<str>, reason: Arc<str> },
    /// An operator decides that a letter need not be handled.
    Drop { letter: LetterId, reason: Arc<str> },
}

impl FailedDelivery {
    /// Has a letter sent again for an operator's reason.
    pub fn resend(letter: &DeadLetter, reason: &str, codec: &Codec) -> Command {
        let event = letter.message.event().ok();
        let reaction = event.and_then(|event| reactions::command(letter.group, &event, letter.message.at, codec));
        let (letter, reason) = (Box::new(letter.clone()), Some(reason.into()));
        Command::FailedDelivery(FailedDelivery::Resend { letter, reaction, reason })
    }
}

/// An event that is tried again, with what it means to its group; `None` when it cannot be read any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub message: Message,
    pub reaction: Option<Reaction>,
}

/// A correction that the audit asks for, as a difference, so that what moved since the audit's snapshot stays right.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// Brings the product's counters to what its receipts, claims and orders explain.
    Product { product: ProductId, reserved: i64, sold: i64, received: i64, written_off: i64 },
    /// Brings the campaign's count to what its coupons explain.
    Campaign { campaign: CampaignId, issued: i64 },
    /// Brings the account's balance to what its ledger explains.
    Account { user: UserId, balance: Money },
    /// A live order whose timer is gone is looked at now; a timer that nobody needs is dropped.
    Timer { order: OrderId },
}

/// The idempotency key of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    pub key: AnswerKey,
    /// SHA-256 of the request's body.
    pub fingerprint: [u8; 32],
}

/// Where a delivered event came from, so that its effect and the group's move past it are one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub offset: OffsetKey,
    /// Where the group must stand for the event to be applied.
    pub from: i64,
    /// Where it stands afterwards.
    pub next: i64,
    pub event: EventId,
}
