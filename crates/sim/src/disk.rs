//! What survives a crash: every table of the store as an ordered map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::events::outbox::{Record, SHARDS, ShardHead};
use app::events::trace::TraceParent;
use app::ports::CommitId;
use app::state::ids::Sequence;
use app::state::rows::{
    AnswerKey, CallbackKey, CallbackRow, ClaimKey, Customer, DeadLetter, EmailKey, Entry, HoldingKey, InboxKey, Login,
    Message, ModesChange, Notice, OffsetKey, OrderRow, ParkKey, ParkedEventKey, ParkedKey, Receipt, Request, Sales,
    SalesKey, StoredAnswer, Timer,
};
use domain::claim::Claim;
use domain::coupon::{Campaign, Holding};
use domain::ids::{
    CampaignId, CouponId, EntryId, LetterId, NoticeId, OrderId, ProductId, ReceiptId, RequestId, UserId,
};
use domain::order::saga::Step;
use domain::payment::Payment;
use domain::points::Account;
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::warehouse::Storage;

/// A disk that stores are opened on, one after the other or side by side. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// Looks at what is committed.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes what is committed behind the store's back, as a fault or a careless hand would.
    pub fn tamper<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.lock())
    }

    pub fn state(&self) -> State {
        self.lock().clone()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that is committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The latest moment of a commit.
    pub decided_until: Timestamp,
    pub offsets: BTreeMap<OffsetKey, i64>,
    pub inbox: BTreeSet<InboxKey>,
    pub parked: BTreeMap<ParkKey, ParkedKey>,
    pub parked_events: BTreeMap<ParkedEventKey, Message>,
    pub letters: BTreeMap<LetterId, DeadLetter>,
    /// Claims of which the table refuses to take a row, so many times more: a participant whose handling fails.
    pub refused_claims: BTreeMap<ClaimKey, u64>,
    /// The same for rows of whichever order.
    pub refused_rows: BTreeMap<RefusedRow, u64>,
    pub answers: BTreeMap<AnswerKey, StoredAnswer>,
    pub logins: BTreeMap<EmailKey, Login>,
    /// Every change of the mode setting, oldest first.
    pub modes: Vec<ModesChange>,
    pub orders: BTreeMap<OrderId, OrderRow>,
    pub timers: BTreeMap<OrderId, Timer>,
    pub payments: BTreeMap<OrderId, Payment>,
    pub shipments: BTreeMap<OrderId, Shipment>,
    pub storages: BTreeMap<OrderId, Storage>,
    pub tellings: BTreeMap<CallbackKey, CallbackRow>,
    pub claims: BTreeMap<ClaimKey, Claim>,
    pub requests: BTreeMap<RequestId, Request>,
    pub customers: BTreeMap<UserId, Customer>,
    pub accounts: BTreeMap<UserId, Account>,
    pub holdings: BTreeMap<HoldingKey, Holding>,
    /// Who holds a coupon, and the coupon before it in its user's chain.
    pub coupons: BTreeMap<CouponId, (HoldingKey, Option<CouponId>)>,
    pub campaigns: BTreeMap<CampaignId, Campaign>,
    pub products: BTreeMap<ProductId, Product>,
    pub sales: BTreeMap<SalesKey, Sales>,
    pub entries: BTreeMap<EntryId, Entry>,
    pub receipts: BTreeMap<ReceiptId, Receipt>,
    pub notices: BTreeMap<NoticeId, Notice>,
    /// In the order of commits.
    pub outbox: Vec<OutboxRow>,
    pub heads: [ShardHead; SHARDS],
    /// Where each shard's records stand in the outbox.
    pub shards: [Vec<usize>; SHARDS],
    /// The next number of each sequence.
    pub sequences: BTreeMap<Sequence, i64>,
    pub commits: BTreeSet<CommitId>,
}

/// A row of an order that the store may be told to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusedRow {
    Claim(Step),
    Payment,
    Shipment,
    Storage,
}

/// An event in its place, with what the outbox knows beside the record.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    pub record: Record,
    pub order: Option<OrderId>,
    pub version: Option<i64>,
    pub cause: &'static str,
    pub at: Timestamp,
}

impl OutboxRow {
    /// The trace of the request that caused it.
    pub fn trace(&self) -> Option<TraceParent> {
        self.record.trace.as_deref().and_then(|text| TraceParent::parse(text.as_bytes()))
    }
}
