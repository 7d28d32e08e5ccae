//! The query side: what customers and admins read. A view sees every commit that was answered before it was asked.

use std::future::Future;
use std::pin::Pin;

use domain::coupon::{Campaign, Coupon};
use domain::ids::{CampaignId, CouponId, EntryId, LetterId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::{Order, Outcome};
use domain::payment::{Payment, State};
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use crate::audit::Fulfilment;
use crate::events::event::Event;
use crate::log::relay::Outgoing;
use crate::ports::StoreError;
use crate::state::rows::{AnswerKey, DeadLetter, EmailKey, Entry, Login, ModesChange, OffsetKey, Request, Timer};

/// The answer of a view; views are asked from any thread.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

pub trait OrderViews: Send + Sync {
    fn order(&self, id: OrderId) -> Reading<'_, Option<Order>>;

    /// A user's orders, newest first, from before the given one on.
    fn orders_of(&self, user: UserId, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>>;

    /// Everybody's orders, or those with an outcome, newest first.
    fn orders(&self, outcome: Option<Outcome>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>>;

    /// How many orders hold what nobody gives back, until an operator looks.
    fn stuck_orders(&self) -> Reading<'_, i64>;

    /// The timer of an order: when the order is due again, and why.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    fn timer(&self, id: OrderId) -> Reading<'_, Option<Timer>>;

    /// What happened to an order, in order.
    fn history(&self, id: OrderId) -> Reading<'_, Vec<HistoryEvent>>;
}

/// An event of an order's history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEvent {
    pub event: Event,
    pub version: Option<i64>,
    pub cause: String,
    pub at: Timestamp,
}

pub trait ModeViews: Send + Sync {
    /// Changes of the mode setting, newest first, from before the given one on.
    fn mode_changes(&self, before: Option<i64>, limit: usize) -> Reading<'_, Vec<ModesChange>>;
}

pub trait CatalogueViews: Send + Sync {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>>;

    /// Products by number, from after the given one on.
    fn products(&self, after: Option<ProductId>, limit: usize) -> Reading<'_, Vec<Product>>;

    /// What sold best since a day (its number, inclusive) or ever, less what was given back; ties by product number.
    fn popular(&self, since: Option<i64>, limit: usize) -> Reading<'_, Vec<Popular>>;

    /// What was sold of each product: on each day from a day (its number) on, and on all days before it together.
    fn sales(&self, from: i64) -> Reading<'_, Vec<DaySales>>;
}

/// What was sold of a product so far on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySales {
    pub product: ProductId,
    /// `None`: on all days before those that are told apart.
    pub day: Option<i64>,
    pub sold: i64,
    /// What was given back of it since.
    pub returned: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popular {
    pub product: ProductId,
    pub name: String,
    pub sold: i64,
}

pub trait CouponViews: Send + Sync {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>>;

    /// Campaigns by number, from after the given one on.
    fn campaigns(&self, after: Option<CampaignId>, limit: usize) -> Reading<'_, Vec<Campaign>>;

    fn coupon(&self, id: CouponId) -> Reading<'_, Option<UserCoupon>>;

    /// A user's coupons, newest first, from before the given one on.
    fn coupons_of(&self, user: UserId, before: Option<CouponId>, limit: usize) -> Reading<'_, Vec<UserCoupon>>;

    fn request(&self, id: RequestId) -> Reading<'_, Option<Request>>;
}

/// A coupon with what is to be known of its campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCoupon {
    pub user: UserId,
    pub campaign: CampaignId,
    pub coupon: Coupon,
    pub valid_until: Timestamp,
}

pub trait AccountViews: Send + Sync {
    /// Zero for somebody the shop does not know.
    fn balance(&self, user: UserId) -> Reading<'_, Money>;

    /// A user's ledger entries, newest first, from before the given one on.
    fn entries_of(&self, user: UserId, before: Option<EntryId>, limit: usize) -> Reading<'_, Vec<Entry>>;

    fn login(&self, email: EmailKey) -> Reading<'_, Option<Login>>;

    /// Idempotency answers given before a moment, oldest first: those that may be forgotten.
    fn answers_before(&self, moment: Timestamp, limit: usize) -> Reading<'_, Vec<AnswerKey>>;
}

pub trait NoticeViews: Send + Sync {
    /// A user's notices after the one with this number, oldest first.
    fn notices_after(&self, user: UserId, after: i64, reach: Reach) -> Reading<'_, Notices>;
}

/// How far back a reader of notices may go, and how much he gets at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Older notices are not told any more.
    pub since: Timestamp,
    /// When more than so many are waiting, only the newer half of them is told.
    pub waiting_max: usize,
    pub page: usize,
}

/// Notices in a row, without gap among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// The number of the user's newest notice; zero when he never had one.
    pub last: i64,
    pub told: Vec<ToldNotice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldNotice {
    pub number: i64,
    pub kind: String,
    /// A JSON object.
    pub data: String,
    pub at: Timestamp,
}

/// What comes after everything is claimed.
pub trait FulfilmentViews: Send + Sync {
    fn payment(&self, order: OrderId) -> Reading<'_, Option<Payment>>;

    /// Payments, those of the newest orders first, from before the given one on; all of them, or those in a state.
    fn payments(&self, state: Option<State>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Payment>>;

    /// How many payments wait for an operator.
    fn stuck_payments(&self) -> Reading<'_, i64>;

    /// Payments of which the provider is to be asked something by now, the longest waiting first.
    fn due_payments(&self, now: Timestamp, limit: usize) -> Reading<'_, Vec<Payment>>;

    /// What there is of each of these orders beside itself, in their order.
    fn fulfilments(&self, orders: Vec<OrderId>) -> Reading<'_, Vec<Fulfilment>>;

    fn shipment(&self, order: OrderId) -> Reading<'_, Option<Shipment>>;

    /// Shipments, those of the newest orders first, from before the given one on.
    fn shipments(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Shipment>>;

    fn storage(&self, order: OrderId) -> Reading<'_, Option<Storage>>;

    /// What is kept in the warehouse, that of the newest orders first, from before the given one on.
    fn storages(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Storage>>;
}

/// What consumer groups could not handle.
pub trait LetterViews: Send + Sync {
    fn letter(&self, id: LetterId) -> Reading<'_, Option<DeadLetter>>;

    /// Dead letters, newest first, from before the given one on; only those that wait to be handled, or all.
    fn letters(&self, is_open: bool, before: Option<LetterId>, limit: usize) -> Reading<'_, Vec<DeadLetter>>;

    /// How many wait to be handled, by the name of their group; a group without any is not there.
    fn open_letters(&self) -> Reading<'_, Vec<(String, i64)>>;
}

/// The events of the store in their places, and how far they have been brought.
pub trait OutboxViews: Send + Sync {
    /// Where consumer groups stand that ever committed.
    fn positions(&self) -> Reading<'_, Vec<(OffsetKey, i64)>>;

    /// Every shard that took an event.
    fn shards(&self) -> Reading<'_, Vec<ShardPlace>>;

    /// What lies behind a number of a shard, in order, at most `limit`.
    fn outgoing(&self, shard: usize, after: i64, limit: usize) -> Reading<'_, Vec<Outgoing>>;

    /// All events of an order, in order.
    fn outgoing_of(&self, order: OrderId) -> Reading<'_, Vec<Outgoing>>;

    /// The last number of a shard before a moment: what lies behind it is not older; 0 if nothing is.
    fn last_before(&self, shard: usize, moment: Timestamp) -> Reading<'_, i64>;
}

/// How far a shard of the outbox has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardPlace {
    pub shard: usize,
    /// Its last number.
    pub end: i64,
    /// The last number that the relay has published; 0 where there never was one.
    pub relayed: i64,
    /// When the first event happened that is not published.
    pub waiting_since: Option<Timestamp>,
}

/// Everything that can be read.
pub trait Views:
    OrderViews
    + ModeViews
    + CatalogueViews
    + CouponViews
    + AccountViews
    + NoticeViews
    + LetterViews
    + FulfilmentViews
    + OutboxViews
{
}

/// What somebody listens to or waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    pub users: Vec<UserId>,
    pub orders: Vec<OrderId>,
    pub requests: Vec<RequestId>,
}

/// How far each of them has come, by a number that moves when it changes; what is not there is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub users: Vec<(UserId, i64)>,
    pub orders: Vec<(OrderId, i64)>,
    pub requests: Vec<(RequestId, i64)>,
}

/// Looks after many at once what other processes committed.
pub trait ChangeFeed: Send + Sync {
    /// Moves with every commit that can concern anybody.
    fn pulse(&self) -> Reading<'_, i64>;

    fn marks(&self, watched: Watched) -> Reading<'_, Marks>;
}
