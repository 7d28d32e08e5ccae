//! The query side: what customers and admins read. A view sees every commit that was answered before the read.

mod issues;
mod people;
mod webhooks;

use std::ops::Range;

use domain::coupon::{Campaign, Coupon};
use domain::ids::{CampaignId, CouponId, DeadLetterId, EntryId, OrderId, ProductId, RequestId, UserId};
use domain::money::Money;
use domain::order::{Order, Outcome};
use domain::payment::{Payment, State};
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use crate::events::event::Event;
use crate::events::outgoing::Outgoing;
use crate::state::rows::{
    Added, AnswerKey, Counted, DeadLetter, Details, EmailKey, Entry, Fulfilment, Login, ModesChange, OffsetKey,
    Request, Resolution, StoredAnswer, Timer,
};

pub use crate::ports::alerts::AlertViews;
pub use crate::ports::drops::DropViews;
pub use crate::ports::events::EventViews;
pub use crate::ports::future::Reading;
pub use crate::ports::notifications::NotificationViews;
pub use crate::ports::ranking::{DaySales, Popular};
pub use issues::{IssuePath, IssueViews, WantedIssues};
pub use people::PeopleViews;
pub use webhooks::{PastEvent, WantedDeliveries, WantedPast, WebhookViews};

/// Reads orders and their history.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait OrderViews: Send + Sync {
    fn order(&self, id: OrderId) -> Reading<'_, Option<Order>>;

    /// Returns a user's orders, newest first, from before the given one on.
    fn orders_of(&self, user: UserId, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>>;

    /// Returns all orders, or those with an outcome, newest first. Outcomes other than COMPLETED are read by an index.
    fn orders(&self, outcome: Option<Outcome>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Order>>;

    /// Returns the number of orders with a stuck compensation, which wait for an operator.
    fn stuck_orders(&self) -> Reading<'_, i64>;

    /// Returns the number of orders whose saga is under way.
    fn open_orders(&self) -> Reading<'_, i64>;

    /// Returns the timer of an order: when it is due again, and why.
    fn timer(&self, id: OrderId) -> Reading<'_, Option<Timer>>;

    /// Returns the events of an order, in order.
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

/// Reads the changes of the mode setting.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait ModeViews: Send + Sync {
    /// Returns the changes of the mode setting, newest first, from before the given one on.
    fn mode_changes(&self, before: Option<i64>, limit: usize) -> Reading<'_, Vec<ModesChange>>;
}

/// Reads products and their sales.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait CatalogueViews: Send + Sync {
    fn product(&self, id: ProductId) -> Reading<'_, Option<Product>>;

    /// Returns products by number, from after the given one on.
    fn products(&self, after: Option<ProductId>, limit: usize) -> Reading<'_, Vec<Product>>;

    /// Returns a product with its details.
    fn described(&self, id: ProductId) -> Reading<'_, Option<(Product, Details)>>;

    /// Returns the products that fit with their details, by number, from after the given one on.
    fn find_products(
        &self,
        wanted: WantedProducts,
        after: Option<ProductId>,
        limit: usize,
    ) -> Reading<'_, Vec<(Product, Details)>>;

    /// Returns the best sellers since a day (its number, inclusive) or of all time, less refunds; ties by product
    /// number.
    fn popular(&self, since: Option<i64>, limit: usize) -> Reading<'_, Vec<Popular>>;

    /// Returns the sales of each product: for each day from a day (its number) on, and for all days before it together.
    fn sales(&self, from: i64) -> Reading<'_, Vec<DaySales>>;
}

/// A filter of products. A field that is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedProducts {
    /// A part of the name or of the SKU, in any case.
    pub text: Option<String>,
    pub sku: Option<String>,
    pub external_id: Option<String>,
    /// As customers see it: `SOLD_OUT` is a status of its own.
    pub status_shown: Option<&'static str>,
}

/// A filter of campaigns. A field that is `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedCampaigns {
    /// A part of the name, in any case.
    pub text: Option<String>,
    pub paused: Option<bool>,
}

/// Reads campaigns, coupons and requests.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait CouponViews: Send + Sync {
    fn campaign(&self, id: CampaignId) -> Reading<'_, Option<Campaign>>;

    /// Returns campaigns by number, from after the given one on.
    fn campaigns(&self, after: Option<CampaignId>, limit: usize) -> Reading<'_, Vec<Campaign>>;

    /// Returns the campaigns that fit, by number, from after the given one on.
    fn find_campaigns(
        &self,
        wanted: WantedCampaigns,
        after: Option<CampaignId>,
        limit: usize,
    ) -> Reading<'_, Vec<Campaign>>;

    fn coupon(&self, id: CouponId) -> Reading<'_, Option<UserCoupon>>;

    /// Returns a user's coupons, newest first, from before the given one on.
    fn coupons_of(&self, user: UserId, before: Option<CouponId>, limit: usize) -> Reading<'_, Vec<UserCoupon>>;

    fn request(&self, id: RequestId) -> Reading<'_, Option<Request>>;
}

/// A coupon with fields of its campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCoupon {
    pub user: UserId,
    pub campaign: CampaignId,
    pub coupon: Coupon,
    pub valid_until: Timestamp,
}

/// Reads points accounts, ledgers and stored answers.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait AccountViews: Send + Sync {
    /// Returns a user's balance; zero for an unknown user.
    fn balance(&self, user: UserId) -> Reading<'_, Money>;

    /// Returns whether the shop knows a user: by a registration, or by the first write of a customer who came with a token only.
    fn is_known(&self, user: UserId) -> Reading<'_, bool>;

    /// Returns a user's ledger entries, newest first, from before the given one on.
    fn entries_of(&self, user: UserId, before: Option<EntryId>, limit: usize) -> Reading<'_, Vec<Entry>>;

    fn login(&self, email: EmailKey) -> Reading<'_, Option<Login>>;

    fn login_of(&self, user: UserId) -> Reading<'_, Option<Login>>;

    /// Returns the logins with a role in the shop's administration, by number, from after the given one on.
    fn staff(&self, after: Option<UserId>, limit: usize) -> Reading<'_, Vec<Login>>;

    /// Returns the answer that is stored under an idempotency key.
    fn answer(&self, key: AnswerKey) -> Reading<'_, Option<StoredAnswer>>;

    /// Returns idempotency answers given before a moment, oldest first: those that may be deleted.
    fn answers_before(&self, moment: Timestamp, limit: usize) -> Reading<'_, Vec<AnswerKey>>;
}

/// Reads notices.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait NoticeViews: Send + Sync {
    /// Returns a user's notices after the one with this number, oldest first.
    fn notices_after(&self, user: UserId, after: i64, reach: Reach) -> Reading<'_, Notices>;
}

/// How far back a reader of notices may go, and how many it gets at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Older notices are left out.
    pub since: Timestamp,
    /// If more than this are waiting, only the newer half of them is returned.
    pub waiting_max: usize,
    pub page: usize,
}

/// Consecutive notices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// The number of the user's newest notice; zero without any.
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

/// Reads what follows claiming: payments, shipments, storages.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait FulfilmentViews: Send + Sync {
    fn payment(&self, order: OrderId) -> Reading<'_, Option<Payment>>;

    /// Returns payments, those of the newest orders first, from before the given one on; all of them, or those in a
    /// state.
    fn payments(&self, state: Option<State>, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Payment>>;

    /// Returns the number of payments that wait for an operator.
    fn stuck_payments(&self) -> Reading<'_, i64>;

    /// Returns payments with an operation that is due, the longest waiting first.
    fn due_payments(&self, now: Timestamp, limit: usize) -> Reading<'_, Vec<Payment>>;

    /// Returns the fulfilment of each of these orders, in their order.
    fn fulfilments(&self, orders: Vec<OrderId>) -> Reading<'_, Vec<Fulfilment>>;

    fn shipment(&self, order: OrderId) -> Reading<'_, Option<Shipment>>;

    /// Returns shipments, those of the newest orders first, from before the given one on.
    fn shipments(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Shipment>>;

    fn storage(&self, order: OrderId) -> Reading<'_, Option<Storage>>;

    /// Returns storages, those of the newest orders first, from before the given one on.
    fn storages(&self, before: Option<OrderId>, limit: usize) -> Reading<'_, Vec<Storage>>;
}

/// Reads what consumer groups could not handle.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait DeadLetterViews: Send + Sync {
    fn letter(&self, id: DeadLetterId) -> Reading<'_, Option<DeadLetter>>;

    /// Returns dead letters, newest first, from before the given one on; only open ones, or all.
    fn letters(&self, is_open: bool, before: Option<DeadLetterId>, limit: usize) -> Reading<'_, Vec<DeadLetter>>;

    /// Returns the number of open letters by the name of their group; groups without any are left out.
    fn open_letters(&self) -> Reading<'_, Vec<(String, i64)>>;
}

/// Reads the store's events and the offsets of their readers.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait OutboxViews: Send + Sync {
    /// Returns the offsets of consumer groups that ever committed.
    fn positions(&self) -> Reading<'_, Vec<(OffsetKey, i64)>>;

    /// Returns every shard with events.
    fn shards(&self) -> Reading<'_, Vec<ShardPlace>>;

    /// Returns the events after a number of a shard, in order, at most `limit`.
    fn outgoing(&self, shard: usize, after: i64, limit: usize) -> Reading<'_, Vec<Outgoing>>;

    /// Returns all events of an order, in order.
    fn outgoing_of(&self, order: OrderId) -> Reading<'_, Vec<Outgoing>>;

    /// Returns the last number of a shard before a moment: later numbers are not older; 0 if there is none.
    fn last_before(&self, shard: usize, moment: Timestamp) -> Reading<'_, i64>;
}

/// The progress of a shard of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardPlace {
    pub shard: usize,
    /// Its last number.
    pub end: i64,
    /// The last number that the relay has published; 0 without a relay.
    pub relayed: i64,
    /// The moment of the first event that is not published.
    pub waiting_since: Option<Timestamp>,
}

/// Reads the figures of the statistics.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait StatisticsViews: Send + Sync {
    /// Returns the figures that begin in a range, in the order of time.
    fn figures(&self, wanted: WantedFigures) -> Reading<'_, Vec<Added>>;

    /// Returns the sum of each figure between two moments, as of one commit. A sum may be zero.
    fn totals(&self, wanted: WantedTotals) -> Reading<'_, Vec<(String, i64)>>;
}

/// The figures of one subject; [`WHOLE_SHOP`](crate::state::rows::WHOLE_SHOP) is all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFigures {
    pub counted: Counted,
    pub resolution: Resolution,
    pub subject: i64,
    pub range: Range<Timestamp>,
}

/// The sums of one subject: everything since a moment, less everything since a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedTotals {
    pub counted: Counted,
    pub subject: i64,
    pub since: Since,
    pub less: Option<Since>,
}

/// The figures of a resolution that begin at a moment or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    pub resolution: Resolution,
    pub moment: Timestamp,
}

impl Since {
    /// Days are never deleted, so those since the beginning are all that ever happened.
    pub const BEGINNING: Since = Since { resolution: Resolution::Day, moment: Timestamp::from_micros(i64::MIN) };
    /// Nothing has happened since then.
    pub const END: Since = Since { resolution: Resolution::Day, moment: Timestamp::from_micros(i64::MAX) };
}

/// All views of the store.
pub trait Views:
    OrderViews
    + ModeViews
    + CatalogueViews
    + DropViews
    + CouponViews
    + IssueViews
    + AccountViews
    + NoticeViews
    + DeadLetterViews
    + FulfilmentViews
    + OutboxViews
    + EventViews
    + StatisticsViews
    + WebhookViews
    + AlertViews
    + NotificationViews
    + PeopleViews
{
    /// Returns the rows that lists have left out since the last call, because they cannot be read; each row once.
    fn take_left_out(&self) -> Vec<String> {
        vec![]
    }
}

/// The subjects that readers wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    pub users: Vec<UserId>,
    pub orders: Vec<OrderId>,
    pub requests: Vec<RequestId>,
}

/// For each of them a number that moves when it changes; what does not exist is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub users: Vec<(UserId, i64)>,
    pub orders: Vec<(OrderId, i64)>,
    pub requests: Vec<(RequestId, i64)>,
}

/// Finds what other processes committed, for many readers at once.
///
/// # Errors
///
/// Reads fail with [`StoreError`](crate::ports::StoreError) when the store is broken or unreachable.
pub trait ChangeFeed: Send + Sync {
    /// Returns a number that moves with every commit that a reader may wait for.
    fn pulse(&self) -> Reading<'_, i64>;

    fn marks(&self, watched: Watched) -> Reading<'_, Marks>;
}
