//! The durable state: every table of the store as an ordered map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::events::outbox::{Record, SHARDS, ShardHead};
use app::events::trace::TraceParent;
use app::ports::CommitId;
use app::state::ids::Sequence;
use app::state::rows::{
    AnswerKey, BuyerKey, CallbackKey, CallbackRow, CardKey, ClaimKey, Customer, DeadLetter, Details, EmailKey,
    EndedToken, Entry, FigureKey, HoldingKey, IdentityKey, InboxKey, Login, Message, ModesChange, Notice, OffsetKey,
    OrderRow, ParkKey, ParkedEventKey, ParkedKey, Receipt, Recorded, Request, Sales, SalesKey, StoredAnswer, Timer,
};
use domain::alert::Alert;
use domain::api_key::ApiKey;
use domain::claim::Claim;
use domain::coupon::{Campaign, Holding};
use domain::drops::{Buyer, Card, Drop, Link};
use domain::ids::{
    AlertId, ApiKeyId, CampaignId, CouponId, DeadLetterId, DropId, EntryId, NoticeId, OrderId, ProductId, ReceiptId,
    RequestId, UserId, WebhookId,
};
use domain::notification::{self, Notification, NotificationKey};
use domain::order::saga::Step;
use domain::payment::Payment;
use domain::points::Account;
use domain::shipment::Shipment;
use domain::stock::Product;
use domain::time::Timestamp;
use domain::warehouse::Storage;
use domain::webhook::{Delivery, DeliveryKey, Endpoint};

/// A disk for one or more stores, in sequence or concurrently. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// Reads the committed state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the committed state behind the store's back, like a fault or a manual edit.
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

/// The committed state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The latest time of a commit.
    pub decided_until: Timestamp,
    pub offsets: BTreeMap<OffsetKey, i64>,
    pub inbox: BTreeSet<InboxKey>,
    pub parked: BTreeMap<ParkKey, ParkedKey>,
    pub parked_events: BTreeMap<ParkedEventKey, Message>,
    pub letters: BTreeMap<DeadLetterId, DeadLetter>,
    /// Claims whose writing fails this many more times: a participant that cannot handle its event.
    pub refused_claims: BTreeMap<ClaimKey, u64>,
    /// The same for rows of any order.
    pub refused_rows: BTreeMap<RefusedRow, u64>,
    pub answers: BTreeMap<AnswerKey, StoredAnswer>,
    pub logins: BTreeMap<EmailKey, Login>,
    /// The acts of admins, oldest first.
    pub trail: Vec<Recorded>,
    /// Ended tokens, by mark.
    pub ended_tokens: BTreeMap<i64, EndedToken>,
    pub api_keys: BTreeMap<ApiKeyId, ApiKey>,
    /// Values that only one product may have.
    pub identities: BTreeMap<IdentityKey, ProductId>,
    pub details: BTreeMap<ProductId, Details>,
    /// Every change of the mode setting, oldest first.
    pub modes: Vec<ModesChange>,
    pub webhooks: BTreeMap<WebhookId, Endpoint>,
    pub deliveries: BTreeMap<DeliveryKey, Delivery>,
    /// From before this moment, deliveries may have been deleted.
    pub deliveries_pruned_before: Option<Timestamp>,
    pub alerts: BTreeMap<AlertId, Alert>,
    pub notification_settings: BTreeMap<UserId, notification::Settings>,
    pub notifications: BTreeMap<NotificationKey, Notification>,
    pub orders: BTreeMap<OrderId, OrderRow>,
    pub timers: BTreeMap<OrderId, Timer>,
    pub payments: BTreeMap<OrderId, Payment>,
    pub shipments: BTreeMap<OrderId, Shipment>,
    pub storages: BTreeMap<OrderId, Storage>,
    pub callbacks: BTreeMap<CallbackKey, CallbackRow>,
    pub claims: BTreeMap<ClaimKey, Claim>,
    pub requests: BTreeMap<RequestId, Request>,
    pub customers: BTreeMap<UserId, Customer>,
    pub accounts: BTreeMap<UserId, Account>,
    pub holdings: BTreeMap<HoldingKey, Holding>,
    /// The holding of a coupon, and the previous coupon in its user's chain.
    pub coupons: BTreeMap<CouponId, (HoldingKey, Option<CouponId>)>,
    pub campaigns: BTreeMap<CampaignId, Campaign>,
    pub buyers: BTreeMap<BuyerKey, Buyer>,
    pub cards: BTreeMap<CardKey, Card>,
    pub drops: BTreeMap<DropId, Drop>,
    pub drop_links: BTreeMap<(DropId, i64), Link>,
    pub products: BTreeMap<ProductId, Product>,
    pub sales: BTreeMap<SalesKey, Sales>,
    pub entries: BTreeMap<EntryId, Entry>,
    pub receipts: BTreeMap<ReceiptId, Receipt>,
    pub notices: BTreeMap<NoticeId, Notice>,
    /// The figures of the statistics.
    pub figures: BTreeMap<FigureKey, i64>,
    /// In commit order.
    pub outbox: Vec<OutboxRow>,
    pub heads: [ShardHead; SHARDS],
    /// Indexes of each shard's records in the outbox.
    pub shards: [Vec<usize>; SHARDS],
    /// The next number of each sequence.
    pub sequences: BTreeMap<Sequence, i64>,
    pub commits: BTreeSet<CommitId>,
}

/// A row of an order whose writing can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusedRow {
    Claim(Step),
    Payment,
    Shipment,
    Storage,
}

/// A row of the outbox: a record and its metadata.
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
