//! The engine's ports to the outside. Each port is a small promise; every adapter of it passes one conformance suite.

pub mod views;

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::coupon::{Campaign, Rejection};
use domain::ids::{CampaignId, OrderId, RequestId, UserId};
use domain::time::Timestamp;

use crate::events::event::Event;
use crate::events::topic::Topic;
use crate::events::trace::TraceParent;
use crate::log::reactions::Group;
use crate::log::relay::Outgoing;
use crate::log::versions::Gap;
use crate::ports::views::{DaySales, Popular};
use crate::state::ids::Sequence;
use crate::state::rows::{
    DeadLetter, EventId, Key, Message, OffsetKey, OffsetMove, ParkKey, ParkedKey, Partition, Rows,
};

/// The future of a port. The engine runs on one thread, so it need not be `Send`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The time of day; it may jump.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The days of the shop's time zone.
pub trait Calendar: fmt::Debug + Send + Sync {
    /// Returns the number of the day; 1970-01-01 is day 0.
    fn day(&self, at: Timestamp) -> i64;
}

/// A calendar whose days are a fixed number of seconds ahead of UTC's.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedOffset(pub i64);

impl Calendar for FixedOffset {
    fn day(&self, at: Timestamp) -> i64 {
        Timestamp::from_micros(at.micros().saturating_add(self.0.saturating_mul(1_000_000))).day()
    }
}

/// The store is broken or unreachable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// Why a batch could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The transaction was rolled back, because another process holds the same rows; it may be retried.
    #[error("another process holds the same rows: {0}")]
    Contended(String),
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// Why a commit wrote nothing, or may have written something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    #[error("a constraint of the store was violated: {0}")]
    Constraint(String),
    /// Nothing was written, because another process holds the same rows; the batch may be decided again.
    #[error("another process holds the same rows: {0}")]
    Contended(String),
    #[error("the group's offset was moved by another commit: {0:?}")]
    Moved(OffsetKey),
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// This process must not write to the store again.
    #[error("the store is broken and must not be written to: {0}")]
    Broken(String),
}

/// How a commit becomes durable.
pub enum Durability {
    /// It is durable.
    Reached,
    /// Durable when this returns `Ok`, and so is every commit before it. The value is the duration of the sync. The
    /// call may block, on any thread. After an error this process must not write to the store again.
    Awaited(Box<dyn FnOnce() -> Result<Option<Duration>, String> + Send>),
}

impl Durability {
    /// Waits until the commit is durable. Returns the duration of its sync, if there was one.
    ///
    /// # Errors
    ///
    /// When the sync failed: this process must not write to the store again.
    pub fn reach(self) -> Result<Option<Duration>, String> {
        match self {
            Durability::Reached => Ok(None),
            Durability::Awaited(sync) => sync(),
        }
    }
}

/// Identifies one commit of one engine, so that its outcome can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitId {
    pub engine: u32,
    /// Counts the engine's commits from 1.
    pub number: i64,
}

/// The contents of one commit: written completely or not at all.
pub struct Commit<'a> {
    pub id: CommitId,
    pub rows: &'a Rows,
    pub offsets: &'a [OffsetMove],
    pub now: Timestamp,
}

/// A timer that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueTimer {
    /// A live order needs attention.
    Order { order: OrderId, due: Timestamp },
    /// A parked key is due for a retry, with as many events as its run allows.
    Parked { key: ParkKey, parked: ParkedKey, messages: Vec<Message> },
    /// A dead letter is due to be resent.
    Letter(Box<DeadLetter>),
}

/// The store, the system of record: reads rows under locks, writes a batch in one durable commit.
///
/// # Errors
///
/// [`StoreError`] when the store is broken or unreachable; [`LoadError`] and [`CommitError`] name what a batch may do next.
pub trait Store {
    /// Locks and reads rows into the batch. The first call begins the transaction; later calls of the same batch only
    /// name kinds that come after those already locked.
    fn load<'a>(&'a mut self, keys: &'a [Key], rows: &'a mut Rows) -> BoxFuture<'a, Result<(), LoadError>>;

    /// Writes everything and ends the transaction. After `Ok`, every later read sees the commit, and the value says how
    /// it becomes durable. The commit is contended if a campaign that was held instead of read differs in the store. A
    /// timer that was put without being read replaces the existing one; other rows that were not read must be new.
    fn commit<'a>(&'a mut self, commit: Commit<'a>) -> BoxFuture<'a, Result<Durability, CommitError>>;

    /// Ends the transaction without writing; there may be none. An error means that the store is broken.
    fn rollback(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Returns true if a commit happened and is durable. Called only for the engine's latest one.
    fn committed(&mut self, id: CommitId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Takes `count` numbers of a sequence, durably; they are never handed out again.
    fn lease(&mut self, sequence: Sequence, count: i64) -> BoxFuture<'_, Result<Range<i64>, StoreError>>;

    /// Returns due timers: orders', then parked keys', then letters', of each at most `limit`, oldest first.
    fn due_timers(&mut self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<DueTimer>, StoreError>>;

    /// Returns all users with a coupon of a campaign, with their counts.
    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, Result<Vec<(UserId, i64)>, StoreError>>;

    /// Returns the number of statements run since the last call, for metrics. Called on the thread that runs them.
    fn take_statements(&mut self) -> u64;
}

/// An event as a consumer group receives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub partition: Partition,
    pub offset: i64,
    /// Zero where a record has none.
    pub id: EventId,
    pub event: Result<Event, Poison>,
    /// The trace of the request that caused it.
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
    /// Missing earlier events of the same order.
    pub gap: Option<Gap>,
    pub origin: Origin,
}

/// How an event came to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was read in the store, where only the shop writes.
    Store,
    /// A broker brought it as a record, which says where the store has the event.
    Record(OutboxSlot),
}

/// Where the outbox has an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxSlot {
    pub shard: i64,
    pub seq: i64,
}

impl OutboxSlot {
    /// What a record says that says nothing of it.
    pub const NOWHERE: OutboxSlot = OutboxSlot { shard: -1, seq: 0 };
}

/// An event as the store has it in a slot, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub slot: OutboxSlot,
    pub id: EventId,
    pub kind: String,
    pub payload: String,
}

/// A record that this program cannot parse as an event. It is dead-lettered for every group that receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    pub topic: Topic,
    pub key: String,
    /// The event's name in the record.
    pub kind: String,
    /// As text; other bytes are written as `0x…`.
    pub payload: String,
    pub error: String,
}

/// The log of committed events: ordered in each partition.
///
/// # Errors
///
/// [`StoreError`] when the log cannot be read.
pub trait EventLog {
    /// Returns the partitions that this process consumes for a group.
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>>;

    /// Returns a group's offset in the store; 0 when it never committed.
    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// Returns all stored events of an order, in order.
    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>>;

    /// Returns the events that the store has in these slots; empty slots are left out.
    fn written<'a>(&'a mut self, slots: &'a [OutboxSlot]) -> BoxFuture<'a, Result<Vec<StoredEvent>, StoreError>>;

    /// Returns the offsets of all groups that ever committed.
    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>>;

    /// Reads up to `limit` events from an offset on. No events: the end.
    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    pub deliveries: Vec<Delivery>,
    /// The offset of the next read; events of other topics are skipped.
    pub next: i64,
}

/// Committed facts about a campaign, applied to the gate after each commit that touched it.
#[derive(Clone, Debug)]
pub struct CampaignFacts<'a> {
    pub campaign: &'a Arc<Campaign>,
    /// The number of coupons that each of these users has now.
    pub holders: &'a [(UserId, i64)],
    /// True if `holders` are all holders.
    pub complete: bool,
}

/// A refusal that the gate is sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyRefusal {
    /// The refusal that the engine would give.
    pub rejection: Rejection,
    /// True if it is also sure that the user has no coupon of the campaign, so that no earlier answer can exist.
    pub holds_none: bool,
}

/// A gate's answer: at once, or after a remote call.
pub enum Advice<'a> {
    Given(Option<EarlyRefusal>),
    Asked(Pin<Box<dyn Future<Output = Option<EarlyRefusal>> + Send + 'a>>),
}

impl Advice<'_> {
    pub async fn get(self) -> Option<EarlyRefusal> {
        match self {
            Advice::Given(advice) => advice,
            Advice::Asked(asked) => asked.await,
        }
    }
}

/// Refuses early, on committed facts only: the campaign is exhausted, or the user has a coupon. Losing its state
/// changes no outcome.
pub trait Gate: Send + Sync {
    /// Returns the refusal that the engine would give, if the gate is sure of it.
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_>;

    /// Returns true if the gate knows all holders of a campaign, or needs no more of them.
    fn is_complete(&self, campaign: CampaignId) -> bool;

    fn apply(&self, facts: CampaignFacts<'_>);

    /// The outcome of a commit is unknown: discards the state of the campaign until the next update or a read of the
    /// store.
    fn forget(&self, campaign: CampaignId);
}

/// The users, orders and requests that commits concern, without the changes: a woken reader reads the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    pub users: Vec<UserId>,
    pub orders: Vec<OrderId>,
    pub requests: Vec<RequestId>,
}

impl Wake {
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.orders.is_empty() && self.requests.is_empty()
    }
}

/// A message from other processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    Wake(Wake),
    /// Something may have been missed; all readers should read the store.
    Nothing,
}

/// Receives every message of other processes; it must not block.
pub type Hear = Box<dyn Fn(Notification) + Send + Sync>;

/// Wakes readers at other processes. A message may be lost: a reader that must know also polls.
pub trait Notifier: Send + Sync {
    /// Sends to all other processes; it must not block.
    fn notify(&self, wake: Wake);

    /// Starts to deliver the messages of other processes; called once.
    fn listen(&self, hear: Hear);

    /// Returns true if messages arrive at present, as far as this process can tell.
    fn is_heard(&self) -> bool;
}

/// The days over which sales are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// One day.
    Day(i64),
    /// A day and the two before it.
    ThreeDays(i64),
    All,
}

/// The best sellers, cached beside the store. The cache may be lost, and may be behind other processes' latest commits.
pub trait Ranking: Send + Sync {
    /// Applies the sales of a commit, before its commands are answered; it must not block.
    fn apply(&self, sold: &[DaySales]);

    /// Returns the best first, ties by product number, as the store would. `None` when the store must be read instead.
    fn popular(&self, window: Window, limit: usize) -> Pin<Box<dyn Future<Output = Option<Vec<Popular>>> + Send + '_>>;
}
