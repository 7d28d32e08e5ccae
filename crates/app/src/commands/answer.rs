//! What a command is answered: the domain result, not bytes. The edge renders it, also when it is repeated.

pub mod changed;

use std::time::Duration;

use domain::coupon;
use domain::ids::{CampaignId, Code, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::commands::answer::changed::Changed;
use crate::events::wire_time;

/// The result of a command that changed something. It is stored under the idempotency key, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    UserRegistered {
        user: UserId,
    },
    /// Something that was there was changed, and stood so then.
    Changed {
        now: Box<Changed>,
    },
    ProductRegistered {
        product: ProductId,
    },
    /// Without what it left behind: kept by shops of before.
    ProductChanged {
        product: ProductId,
    },
    CampaignCreated {
        campaign: CampaignId,
    },
    /// The same.
    CampaignChanged {
        campaign: CampaignId,
    },
    PointsCharged {
        balance: Money,
    },
    OrderPlaced {
        order: OrderId,
        number: Code,
    },
    OrderChanged {
        order: OrderId,
    },
    PaymentChanged {
        order: OrderId,
    },
    PaymentStarted {
        order: OrderId,
        payment: Code,
        attempt: i64,
    },
    CouponIssued {
        campaign: CampaignId,
        coupon: Code,
        issue_number: i64,
        #[serde(with = "wire_time")]
        issued_at: Timestamp,
    },
    CouponRequested {
        request: RequestId,
        code: Code,
    },
    /// An event was taken in, a timer was handled; nobody waits for more.
    Done,
}

impl Answer {
    pub fn changed(now: Changed) -> Answer {
        Answer::Changed { now: Box::new(now) }
    }
}

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    EmailTaken,
    OrderNotFound,
    OrderNotCancellable,
    OrderNotStuck,
    PaymentNotDue,
    PaymentNotYetDue,
    OrderNotPayable,
    PaymentAlreadyPaid,
    PaymentInProgress,
    PaymentAmountMismatch {
        due: Money,
    },
    PaymentNotStuck,
    OrderNotRefundable,
    /// The shop has not decided about a refund that was asked for.
    RefundPending,
    NoRefundAsked,
    GoodsOnTheWay,
    GoodsSold,
    /// The goods have left, or are stored.
    GoodsCommitted,
    NotThatMuchAwaited,
    /// More of a product than an order may have; the line is the last that names it.
    QuantityTooLarge {
        line: usize,
    },
    TotalTooLarge,
    /// The coupon would take off nothing.
    CouponWorthless,
    RefundTooMuch,
    ReceiverMissing,
    ShipmentNotFound,
    StorageNotFound,
    /// The goods cannot go from where they are to where they were said to be.
    NoSuchStep {
        from: &'static str,
    },
    /// The product of the given line does not exist.
    ProductNotFound {
        line: Option<usize>,
    },
    StockExhausted {
        available: i64,
    },
    StockTooMuch,
    PriceChanged {
        total: Money,
    },
    PointsAbovePayable {
        payable: Money,
    },
    PointsTooMuch {
        balance: Money,
    },
    CouponNotFound,
    CouponPaused,
    CouponNotStarted,
    CouponExpired,
    CouponAlreadyIssued,
    CouponSoldOut,
    CampaignQuantityLowered {
        quantity: i64,
    },
    CampaignWindowOutOfOrder,
    LetterNotFound,
    /// The letter was handled or dropped, or somebody changed it meanwhile.
    LetterClosed,
    LetterUnreadable {
        error: String,
    },
    /// The group no longer stands where the operator saw it.
    GroupMoved,
    /// Something that always holds would not hold any more: it was not done, and operators were told.
    Broken,
    IdempotencyMismatch,
    IdempotencyInProgress,
    /// Too much is waiting, or the command waited too long. Nothing was decided.
    Overloaded {
        retry_after: Duration,
    },
    /// The store takes no writes at present, or not this one. Nothing was written.
    NotWritten,
    /// Nobody knows whether it was written; a repeat with the same key is safe.
    Unavailable,
}

impl From<coupon::Rejection> for Refusal {
    fn from(rejection: coupon::Rejection) -> Refusal {
        match rejection {
            coupon::Rejection::Paused => Refusal::CouponPaused,
            coupon::Rejection::NotStarted => Refusal::CouponNotStarted,
            coupon::Rejection::Expired | coupon::Rejection::NotUsable => Refusal::CouponExpired,
            coupon::Rejection::AlreadyIssued => Refusal::CouponAlreadyIssued,
            coupon::Rejection::SoldOut => Refusal::CouponSoldOut,
        }
    }
}

/// How a job ended. `replayed` marks an answer that an earlier job with the same idempotency key got first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub result: Result<Answer, Refusal>,
    pub replayed: bool,
    /// The order as it stood at the commit, where the command placed or changed one.
    pub order: Option<std::sync::Arc<domain::order::Order>>,
}

impl Reply {
    pub fn refused(refusal: Refusal) -> Reply {
        Reply { result: Err(refusal), replayed: false, order: None }
    }
}
