//! The results of commands, as domain values. The edge renders them, also when a request is repeated.

pub mod changed;
pub mod moved;

use std::time::Duration;

use domain::coupon;
use domain::drops;
use domain::ids::{CampaignId, Code, DropId, OrderId, ProductId, RequestId, UserId, WebhookId};
use domain::money::Money;
use domain::notification;
use domain::time::Timestamp;
use domain::webhook::Taken;
use serde::{Deserialize, Serialize};

use crate::commands::answer::changed::Changed;
use crate::commands::answer::moved::PartitionMoved;
use crate::events::wire_time;
use crate::log::group::Group;
use crate::state::rows::Identity;

/// The result of a command that changed something. It is stored under the idempotency key, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// A customer was registered. Older versions stored it for staff as well.
    UserRegistered {
        user: UserId,
    },
    /// An existing thing was changed; its state after the change.
    Changed {
        now: Box<Changed>,
    },
    /// Without the product as it was registered: stored by older versions.
    ProductRegistered {
        product: ProductId,
    },
    /// Without the state after the change: stored by older versions.
    ProductChanged {
        product: ProductId,
    },
    /// Without the campaign as it was created: stored by older versions.
    CampaignCreated {
        campaign: CampaignId,
    },
    /// Without the state after the change: stored by older versions.
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
    /// A webhook that belongs to no event was scheduled.
    WebhookTested {
        webhook: WebhookId,
        number: i64,
    },
    /// So many deliveries were scheduled.
    WebhooksScheduled {
        count: i64,
        /// Absent for a single delivery, and in answers that older versions stored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<PartEnd>,
    },
    /// The deliveries that a sender may attempt.
    WebhooksTaken {
        taken: Vec<Taken>,
    },
    /// The notifications that a process may attempt to send.
    NotificationsTaken {
        #[serde(skip)]
        taken: Vec<notification::Taken>,
    },
    /// An operator moved a group; its partitions as the plan showed them, none if it was there already.
    GroupMoved {
        partitions: Vec<PartitionMoved>,
    },
    /// The customer has this ticket of the waiting room.
    QueueJoined {
        drop: DropId,
        ticket: i64,
    },
    /// An event or a timer was handled; it has no result.
    Done,
}

/// The end of a part of a request that is many commands. A repeated request goes on from there, because the store may have
/// other parts by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEnd {
    /// The place after which the next part begins; `None` after the last part.
    pub next: Option<i64>,
    /// The end of the time that the request is about. Without one in the request, it is the moment of the first part.
    #[serde(with = "wire_time")]
    pub until: Timestamp,
    /// The number of things in this part that are left out, because their events are archived.
    pub archived: i64,
}

impl Answer {
    pub fn changed(now: Changed) -> Answer {
        Answer::Changed { now: Box::new(now) }
    }

    fn left_behind(&self) -> Option<&Changed> {
        if let Answer::Changed { now } = self { Some(now) } else { None }
    }

    /// Returns the product that was registered or changed.
    pub fn product(&self) -> Option<ProductId> {
        match (self, self.left_behind()) {
            (_, Some(Changed::Product(product) | Changed::Described(product, _))) => Some(product.id),
            (Answer::ProductRegistered { product } | Answer::ProductChanged { product }, _) => Some(*product),
            _ => None,
        }
    }

    /// Returns the campaign that was created or changed.
    pub fn campaign(&self) -> Option<CampaignId> {
        match (self, self.left_behind()) {
            (_, Some(Changed::Campaign(campaign))) => Some(campaign.id),
            (Answer::CampaignCreated { campaign } | Answer::CampaignChanged { campaign }, _) => Some(*campaign),
            _ => None,
        }
    }

    /// Returns the user who was registered or whose login was changed.
    pub fn user(&self) -> Option<UserId> {
        match (self, self.left_behind()) {
            (_, Some(Changed::Login(login))) => Some(login.user),
            (Answer::UserRegistered { user }, _) => Some(*user),
            _ => None,
        }
    }
}

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    EmailTaken,
    UserNotFound,
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
    /// The shop has not decided a requested refund yet.
    RefundPending,
    NoRefundAsked,
    GoodsOnTheWay,
    GoodsSold,
    /// The goods have been shipped or stored.
    GoodsCommitted,
    NotThatMuchAwaited,
    /// More of a product than one order may have; `line` is the last line that names it.
    QuantityTooLarge {
        line: usize,
    },
    TotalTooLarge,
    /// The coupon would give no discount.
    CouponWorthless,
    RefundTooMuch,
    ReceiverMissing,
    ShipmentNotFound,
    StorageNotFound,
    /// The shipment or storage has no transition between these states.
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
    /// The thing was changed since the client saw it.
    Stale,
    /// Another product has this SKU or external id.
    IdentityTaken(Identity),
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
    WebhookNotFound,
    ApiKeyNotFound,
    WebhookDeliveryNotFound,
    DropNotFound,
    DropNotStarted,
    DropEnded,
    DropPaused,
    DropNoWaitingRoom,
    TicketRequired,
    TicketNotFound,
    /// The drop limits each card, so its orders are paid before they are shipped.
    PrepaymentRequired,
    /// Its products may be taken out only after its end.
    DropNotEnded,
    /// It would end between now and its start.
    DropWindowOutOfOrder,
    /// The product of the given place does not exist.
    DropProductNotFound {
        line: usize,
    },
    /// The product of the given place belongs to a drop that has not ended.
    DropProductTaken {
        line: usize,
    },
    /// The customer would have more than `limit` units of a drop; `already` count.
    LimitExceeded {
        limit: i64,
        already: i64,
    },
    /// The order has more units of a drop than one card may pay for.
    CardLimitExceeded {
        limit: i64,
    },
    DeadLetterNotFound,
    /// The letter is closed, or was changed since it was read.
    DeadLetterClosed,
    DeadLetterUnreadable {
        error: String,
    },
    /// The group handles the store's own event, and not that of the letter.
    DeadLetterNotEditable {
        group: Group,
    },
    /// The event contradicts the store, so that it is never handled.
    DeadLetterHopeless,
    /// A payment or an order waits for the event, and would wait for ever.
    DeadLetterAwaited,
    /// The group's offset is no longer the one that the operator saw.
    GroupMoved,
    /// An invariant would be broken. The command was not applied, and operators see an error.
    Broken,
    /// A row that the command needs cannot be read. Nothing was decided, and a repeat does not help before an operator
    /// has mended the row.
    Damaged,
    IdempotencyMismatch,
    IdempotencyInProgress,
    /// The backlog is full, or the command's deadline passed. Nothing was decided.
    Overloaded {
        retry_after: Duration,
    },
    /// The store does not accept writes, or not this one. Nothing was written.
    NotWritten,
    /// It is unknown if the commit was written; a retry with the same key is safe.
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

impl From<drops::Rejection> for Refusal {
    fn from(rejection: drops::Rejection) -> Refusal {
        match rejection {
            drops::Rejection::NotStarted => Refusal::DropNotStarted,
            drops::Rejection::Ended => Refusal::DropEnded,
            drops::Rejection::Paused => Refusal::DropPaused,
            drops::Rejection::TicketRequired => Refusal::TicketRequired,
            drops::Rejection::PrepaymentRequired => Refusal::PrepaymentRequired,
            drops::Rejection::CardLimitExceeded { limit } => Refusal::CardLimitExceeded { limit },
            drops::Rejection::LimitExceeded { limit, already } => Refusal::LimitExceeded { limit, already },
        }
    }
}

/// The result of a job. `replayed` marks the answer of an earlier job with the same idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub result: Result<Answer, Refusal>,
    pub replayed: bool,
    /// The order at the commit, if the command placed or changed one.
    pub order: Option<std::sync::Arc<domain::order::Order>>,
}

impl Reply {
    pub fn refused(refusal: Refusal) -> Reply {
        Reply { result: Err(refusal), replayed: false, order: None }
    }
}

#[cfg(test)]
mod tests;
