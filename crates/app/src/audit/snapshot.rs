//! What the audit reads: one moment of the whole store, fact by fact.

use domain::claim::Claim;
use domain::coupon::{Campaign, Coupon};
use domain::ids::{CampaignId, CouponId, OrderId, UserId};
use domain::order::saga::Step;
use domain::payment::Payment;
use domain::points::Account;
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::warehouse::Storage;

use crate::events::outbox::ShardHead;
use crate::ports::StoreError;
use crate::ports::views::ShardPlace;
use crate::state::rows::{AnswerKey, Customer, Entry, OffsetKey, OrderRow, Request, StoredAnswer, Timer};
use crate::state::settings::Carrier;

/// One consistent, read-only view of a store. Everything streams, so that no store is too large to be audited, and
/// every call sees the same moment.
pub trait Snapshot {
    fn products(&mut self, each: &mut dyn FnMut(ProductFacts)) -> Result<(), StoreError>;

    /// Campaign by campaign: the campaign itself, its coupons by issue number, its requests by id.
    fn campaigns(&mut self, each: &mut dyn FnMut(CampaignFact)) -> Result<(), StoreError>;

    /// Orders by id, also those that only a claim, a timer, a coupon, an entry or an event speaks of.
    fn orders(&mut self, each: &mut dyn FnMut(OrderFacts)) -> Result<(), StoreError>;

    /// Customers by id, also those of whom only other rows speak.
    fn customers(&mut self, each: &mut dyn FnMut(CustomerFacts)) -> Result<(), StoreError>;

    /// Idempotency answers in any order.
    fn answers(&mut self, each: &mut dyn FnMut(AnswerKey, StoredAnswer)) -> Result<(), StoreError>;

    /// All events in commit order; in the end, what else the store says of its log.
    fn events(&mut self, each: &mut dyn FnMut(EventFacts)) -> Result<LogFacts, StoreError>;

    /// Whether it says what a gate beside the store knows.
    fn has_gate(&self) -> bool {
        false
    }

    /// The problems that the store finds with itself, and the rows that could not be read above. Asked last.
    fn integrity(&mut self) -> Result<Vec<String>, StoreError>;
}

/// A product, and what its receipts add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFacts {
    pub product: Product,
    pub received: i64,
    pub written_off: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignFact {
    /// What follows is about this campaign, which need not exist.
    Begins(CampaignId, Option<Campaign>),
    /// So many of its coupons are known to the gate beside the store.
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
    /// Coupons that are marked as used on it.
    pub coupons: Vec<CouponFacts>,
    /// Ledger entries that were made for it.
    pub entries: Vec<Entry>,
}

/// What there is of an order after it has claimed everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fulfilment {
    pub payment: Option<Payment>,
    pub shipment: Option<Shipment>,
    pub storage: Option<Storage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEventFacts {
    pub kind: String,
    pub payload: String,
    pub version: Option<i64>,
    pub at: Timestamp,
}

/// Everything the store says about one customer but his orders' and coupons' contents.
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
    /// Whether the chain covers all of this, and not only identity, type and payload: programs before had it so.
    pub is_covered_whole: bool,
    /// The hash that was kept with this number as a day's last.
    pub root: Option<[u8; 32]>,
}

/// What a store says of its log beside the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// What proves that these were all.
    pub shards: Vec<ShardFacts>,
    /// By which way events reach their groups; a store that was never served has none.
    pub carrier: Option<Carrier>,
    /// How far a relay has brought the shards that it ever held.
    pub relayed: Vec<ShardPlace>,
    pub positions: Vec<(OffsetKey, i64)>,
    /// Identities that several events have; some of them.
    pub repeated: Vec<String>,
    /// Groups and what they say to have taken in, where it is no event; some of them.
    pub strangers: Vec<(String, String)>,
    /// Groups and events that they must have gone past, and that they neither took in nor gave up; some of them.
    pub passed_over: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardFacts {
    pub shard: usize,
    pub head: ShardHead,
    /// How many daily roots are kept.
    pub roots: usize,
}
