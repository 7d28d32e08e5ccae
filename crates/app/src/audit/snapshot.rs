//! The audit's port to a store: one moment of all its rows, fact by fact.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::claim::Claim;
use domain::coupon::{Campaign, Coupon};
use domain::drops::{self, Buyer, Card, Drop};
use domain::ids::{CampaignId, CouponId, OrderId, UserId};
use domain::order::saga::Step;
use domain::points::Account;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::webhook::{Delivery, Endpoint};

use super::archived::{Archived, Needed};
use super::proof::{Ends, Proof};
use crate::events::outbox::ShardHead;
use crate::log::group::Group;
use crate::ports::StoreError;
use crate::ports::views::ShardPlace;
use crate::state::rows::{
    AnswerKey, Counted, Customer, Entry, Fulfilment, OffsetKey, OrderRow, Partition, Request, Resolution, StoredAnswer,
    Timer,
};
use crate::state::settings::Carrier;

/// One consistent, read-only view of a store. Everything streams, so that no store is too large to be audited, and
/// every call sees the same moment.
pub trait Snapshot {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> Result<(), StoreError>;

    /// Reads campaign by campaign: the campaign itself, its coupons by issue number, its requests by id.
    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> Result<(), StoreError>;

    /// Reads orders by id, including ids found only in a claim, timer, coupon, entry or event.
    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> Result<(), StoreError>;

    /// Reads customers by id, including ids found only in other rows.
    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> Result<(), StoreError>;

    /// Reads idempotency answers, in any order.
    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> Result<(), StoreError>;

    /// Reads webhook endpoints, and then all deliveries by endpoint and number.
    fn webhooks(&mut self, each: &mut dyn FnMut(WebhookFact)) -> Result<(), StoreError>;

    /// Reads drops, their customers, and then the links of their chains by drop and number.
    fn drops(&mut self, each: &mut dyn FnMut(DropFact)) -> Result<(), StoreError>;

    /// Reads all events in commit order, and returns what else the store says of its log.
    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts, StoreError>;

    /// Returns the facts of the events that were moved to an archive; `None` if there is none.
    fn archived(&mut self) -> Result<Option<Archived>, StoreError> {
        Ok(None)
    }

    /// Returns everything because of which events must stay in the store, with the first event that each needs.
    fn needed(&mut self) -> Result<Vec<Needed>, StoreError> {
        Ok(vec![])
    }

    /// Returns the last rows, from which a later audit may go on; `None` if the store cannot be read from there.
    fn ends(&mut self) -> Result<Option<Ends>, StoreError> {
        Ok(None)
    }

    /// Restricts all reads to what changed since a proof, and to the orders that are not final. Returns of each of
    /// these orders how many events the proof covers; `None` if the store must be read as a whole.
    fn since(&mut self, _proof: &Proof) -> Result<Option<BTreeMap<OrderId, usize>>, StoreError> {
        Ok(None)
    }

    /// Returns the figures of the statistics, and the offsets of the groups that add them up.
    fn statistics(&mut self) -> Result<StatisticsFacts, StoreError>;

    /// Returns why the snapshot does not include all of a gate's state.
    fn gate_doubt(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed("the store has no shared gate: REDIS_URL is not set"))
    }

    /// Returns the store's own integrity problems, and the rows that could not be read above. Called last.
    fn integrity(&mut self) -> Result<Vec<String>, StoreError>;
}

/// A product, and the sums of its receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFacts {
    pub product: Product,
    pub received: i64,
    pub written_off: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignFact {
    /// The following facts are about this campaign, which need not exist.
    Begins(CampaignId, Option<Campaign>),
    /// The number of its coupons that the gate knows.
    Gated(i64),
    Coupon(CouponFacts),
    Request(Request),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponFacts {
    pub campaign: CampaignId,
    pub user: UserId,
    pub coupon: Coupon,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WebhookFact {
    /// Deliveries from before this moment may have been deleted. Comes first, if at all.
    PrunedBefore(Timestamp),
    Endpoint(Endpoint),
    Delivery(Delivery),
}

#[derive(Clone, Debug, PartialEq)]
pub enum DropFact {
    Drop(Box<Drop>),
    Buyer(Buyer),
    Card(Card),
    Link(drops::Link),
}

/// Everything the store says about one order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderFacts {
    pub id: OrderId,
    pub row: Option<OrderRow>,
    pub claims: Vec<(Step, Claim)>,
    pub timer: Option<Timer>,
    pub fulfilment: Fulfilment,
    /// Its events in commit order, not yet read.
    pub events: Vec<OrderEventFacts>,
    /// Coupons that were used on it.
    pub coupons: Vec<CouponFacts>,
    /// Ledger entries that refer to it.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEventFacts {
    pub kind: String,
    pub payload: String,
    pub version: Option<i64>,
    pub at: Timestamp,
}

/// Everything the store says about one customer, without the contents of orders and coupons.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerFacts {
    pub user: UserId,
    pub customer: Option<Customer>,
    pub account: Option<Account>,
    pub entries: Vec<Entry>,
    pub orders: Vec<Link>,
    pub coupons: Vec<Link>,
    pub notices: Vec<NoticeLink>,
}

/// A row of a user's chain: its id, and that of the row before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub id: i64,
    pub previous: Option<i64>,
}

impl Link {
    pub fn order(row: &OrderRow) -> Link {
        Link { id: row.order.id().0, previous: row.previous.map(|id| id.0) }
    }

    pub fn coupon(id: CouponId, previous: Option<CouponId>) -> Link {
        Link { id: id.0, previous: previous.map(|id| id.0) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeLink {
    pub number: i64,
    pub link: Link,
}

/// An event in its place in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    pub id: String,
    pub shard: usize,
    pub seq: i64,
    pub key: String,
    pub kind: String,
    pub payload: String,
    pub at: Timestamp,
    pub aggregatetype: String,
    pub aggregateid: String,
    pub topic: String,
    pub order: Option<OrderId>,
    pub version: Option<i64>,
    pub cause: String,
    pub trace: Option<String>,
    /// True if the chain covers all fields; older versions covered identity, type and payload only.
    pub is_covered_whole: bool,
    /// The hash that was kept as the root of a day at this number.
    pub root: Option<[u8; 32]>,
    /// Its place in the order of commits, for groups that read all events as one partition, and for an archive.
    pub position: i64,
}

/// The figures of the statistics, and how far their groups have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatisticsFacts {
    /// The offsets of the trailing groups.
    pub positions: Vec<(OffsetKey, i64)>,
    /// True if they read all events as one partition, in the order of commits.
    pub is_whole: bool,
    pub kept: Vec<KeptFigures>,
}

/// The sums of the figures of one resolution that are kept for sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFigures {
    pub counted: Counted,
    pub resolution: Resolution,
    /// Figures that begin later or at this moment are all kept.
    pub since: Timestamp,
    /// Subject, figure and sum.
    pub sums: Vec<(i64, Arc<str>, i64)>,
    /// Figure and sum over all products.
    pub of_products: Vec<(Arc<str>, i64)>,
}

impl KeptFigures {
    pub(super) fn of(&self, subject: i64, figure: &str) -> i64 {
        let found = self.sums.iter().find(|(known, name, _)| *known == subject && **name == *figure);
        found.map_or(0, |(_, _, amount)| *amount)
    }

    pub(super) fn of_products(&self, figure: &str) -> i64 {
        self.of_products.iter().find(|(name, _)| **name == *figure).map_or(0, |(_, amount)| *amount)
    }

    /// Builds it from the rows of a store: `ABOUT_PRODUCTS` is the subject of sums over all products.
    pub fn new(
        counted: Counted,
        resolution: Resolution,
        since: Timestamp,
        rows: Vec<(i64, Arc<str>, i64)>,
    ) -> KeptFigures {
        let (products, sums): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|(subject, _, _)| *subject == ABOUT_PRODUCTS);
        let of_products = products.into_iter().map(|(_, figure, amount)| (figure, amount)).collect();
        KeptFigures { counted, resolution, since, sums, of_products }
    }
}

/// The subject under which a store sums the figures of all products up.
pub const ABOUT_PRODUCTS: i64 = -1;

impl StatisticsFacts {
    /// Returns true if the group's offset is past the event.
    pub(super) fn has_digested(&self, group: Group, event: &EventFacts) -> bool {
        let shard = i32::try_from(event.shard).unwrap_or(i32::MAX);
        let (number, place) = if self.is_whole { (0, event.position) } else { (shard, event.seq) };
        let is_of = |key: &OffsetKey| key.group == group && key.partition == Partition { topic: None, number };
        self.positions.iter().any(|(key, offset)| is_of(key) && place < *offset)
    }
}

/// Further facts of a store about its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// The heads of all shards, which prove that no event is missing at the end.
    pub shards: Vec<ShardFacts>,
    /// How events reach their groups; `None` for a store that was never served.
    pub carrier: Option<Carrier>,
    /// The relay's offset in every shard that it ever held.
    pub relayed: Vec<ShardPlace>,
    pub positions: Vec<(OffsetKey, i64)>,
    /// The position of the last event, where trailing groups read all events as one partition; `None` where they read each
    /// shard.
    pub trail_end: Option<i64>,
    /// Identities that several events have; some of them.
    pub repeated: Vec<String>,
    /// Inbox entries that name no event, with their groups; some of them.
    pub strangers: Vec<(String, String)>,
    /// Events that a group's offset is past and that it neither handled nor gave up, with their groups; some of them.
    pub passed_over: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardFacts {
    pub shard: usize,
    pub head: ShardHead,
    /// The number of daily roots that are kept.
    pub roots: usize,
}
