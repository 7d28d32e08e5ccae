//! What the engine needs of the world. Each port is a small promise; every adapter of it passes one conformance suite.

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

/// The answer of a port. The engine lives on one thread, so it need not be `Send`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The time of day; may jump.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Which day a moment falls on where the shop is.
pub trait Calendar: fmt::Debug + Send + Sync {
    /// The day's number; 1970-01-01 is day 0.
    fn day(&self, at: Timestamp) -> i64;
}

/// A calendar whose days are always so many seconds ahead of UTC's.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedOffset(pub i64);

impl Calendar for FixedOffset {
    fn day(&self, at: Timestamp) -> i64 {
        Timestamp::from_micros(at.micros().saturating_add(self.0.saturating_mul(1_000_000))).day()
    }
}

/// The store is broken or out of reach.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(pub String);

/// Why a batch could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The transaction came to nothing, because another process needed the same rows: it may be begun again.
    #[error("another process was in the way: {0}")]
    Contended(String),
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// Why a commit wrote nothing, or may have written something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    #[error("a constraint of the store was violated: {0}")]
    Constraint(String),
    /// Nothing was written, because another process needed the same rows; the batch may be decided again.
    #[error("another process was in the way: {0}")]
    Contended(String),
    #[error("the group no longer stands where the batch left it: {0:?}")]
    Moved(OffsetKey),
    #[error("nobody knows whether the commit happened: {0}")]
    Unknown(String),
    /// The store must not be written to again by this process.
    #[error("the store cannot be trusted any more: {0}")]
    Broken(String),
}

/// How a commit gets to where a power cut does not take it.
pub enum Durability {
    /// It is there.
    Reached,
    /// It is there when this returned `Ok`, and so is every commit before it; the answer is how long the disk took. It may
    /// block, and may be called on any thread. After an error the store must not be written to again by this process.
    Awaited(Box<dyn FnOnce() -> Result<Option<Duration>, String> + Send>),
}

impl Durability {
    /// Waits until the commit is durable. Says how long the disk took, if it was asked for this commit.
    pub fn reach(self) -> Result<Option<Duration>, String> {
        match self {
            Durability::Reached => Ok(None),
            Durability::Awaited(sync) => sync(),
        }
    }
}

/// Names one commit of one engine, so that its outcome can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommitId {
    pub engine: u32,
    /// Counts the engine's commits from 1.
    pub number: i64,
}

/// What one commit writes: all of it or nothing.
pub struct Commit<'a> {
    pub id: CommitId,
    pub rows: &'a Rows,
    pub offsets: &'a [OffsetMove],
    pub now: Timestamp,
}

/// Something whose moment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueTimer {
    /// A live order needs attention.
    Order { order: OrderId, due: Timestamp },
    /// The first events of a parked key are tried again: as many as its run says.
    Parked { key: ParkKey, parked: ParkedKey, messages: Vec<Message> },
    /// A dead letter is sent again.
    Letter(Box<DeadLetter>),
}

/// The truth: reads rows under locks, writes a batch in one durable commit.
pub trait Store {
    /// Locks and reads rows into the batch. The first call begins the transaction; later calls of the same batch
    /// only ask for kinds that come after those already locked.
    fn load<'a>(&'a mut self, keys: &'a [Key], rows: &'a mut Rows) -> BoxFuture<'a, Result<(), LoadError>>;

    /// Writes everything and ends the transaction. When it returns `Ok`, every later read sees the commit, and the
    /// answer says how it becomes durable. It is contended where a campaign that was held instead of read is not as it
    /// was held. A timer that was put without being read replaces the one that is there;
    /// other rows that were not read must be new.
    fn commit<'a>(&'a mut self, commit: Commit<'a>) -> BoxFuture<'a, Result<Durability, CommitError>>;

    /// Ends the transaction without writing; there may be none. An error means that the store is broken.
    fn rollback(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether a commit happened and is durable. Asked only about the engine's latest one.
    fn committed(&mut self, id: CommitId) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Takes `count` numbers of a sequence, durably; they are never given out again.
    fn lease(&mut self, sequence: Sequence, count: i64) -> BoxFuture<'_, Result<Range<i64>, StoreError>>;

    /// Timers that are due: orders', then parked keys', then letters', of each at most `limit`, oldest first.
    fn due_timers(&mut self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<DueTimer>, StoreError>>;

    /// Everybody who holds a coupon of a campaign, with how many.
    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, Result<Vec<(UserId, i64)>, StoreError>>;

    /// Statements that it has run since it was asked last, for those who measure. Asked on the thread that runs them.
    fn take_statements(&mut self) -> u64;
}

/// An event as a consumer group receives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub partition: Partition,
    pub offset: i64,
    /// Zero where a record names none.
    pub id: EventId,
    pub event: Result<Event, Poison>,
    /// The trace of the request that caused it.
    pub trace: Option<TraceParent>,
    pub at: Timestamp,
    /// Events of the same order that should have come before, and did not.
    pub gap: Option<Gap>,
}

/// A record that is no event that this program can read. It goes straight to the dead letters of every group that is
/// given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    pub topic: Topic,
    pub key: String,
    /// The event's name as the record has it.
    pub kind: String,
    /// As text; bytes that are none are written as `0x…`.
    pub payload: String,
    pub error: String,
}

/// Ordered distribution of committed events, partition by partition.
pub trait EventLog {
    /// The partitions that this process consumes for a group.
    fn partitions(&mut self, group: Group) -> BoxFuture<'_, Result<Vec<Partition>, StoreError>>;

    /// Where a group stands by the store; 0 when it never committed.
    fn position(&mut self, key: OffsetKey) -> BoxFuture<'_, Result<i64, StoreError>>;

    /// All events of an order, in order, as the store has them.
    fn events_of(&mut self, order: OrderId) -> BoxFuture<'_, Result<Vec<Outgoing>, StoreError>>;

    /// Where all groups stand that ever committed.
    fn positions(&mut self) -> BoxFuture<'_, Result<Vec<(OffsetKey, i64)>, StoreError>>;

    /// Up to `limit` events from an offset on, and the offset after the last one looked at. No events: the end.
    fn fetch(&mut self, key: OffsetKey, from: i64, limit: usize) -> BoxFuture<'_, Result<Fetched, StoreError>>;
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fetched {
    pub deliveries: Vec<Delivery>,
    /// Where to go on: events of other topics are passed over.
    pub next: i64,
}

/// Committed facts about a campaign, told to the gate after each commit that touched it.
#[derive(Clone, Debug)]
pub struct CampaignFacts<'a> {
    pub campaign: &'a Arc<Campaign>,
    /// How many coupons each of these users holds now.
    pub holders: &'a [(UserId, i64)],
    /// Whether `holders` are all there are.
    pub complete: bool,
}

/// A no that the gate is sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyRefusal {
    /// What the engine would say.
    pub rejection: Rejection,
    /// Whether it is also sure that the user holds no coupon of the campaign, and so is owed none by a repeat.
    pub holds_none: bool,
}

/// What a gate says: at once, or after it has asked elsewhere.
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

/// Says no early, and only on committed facts: all are issued, or this user has his. Losing it changes no outcome.
pub trait Gate: Send + Sync {
    /// The refusal that the engine would give, if the gate is sure of it.
    fn advice(&self, campaign: CampaignId, user: UserId, now: Timestamp) -> Advice<'_>;

    /// Whether the gate knows all holders of a campaign, or wants to be told no more.
    fn is_complete(&self, campaign: CampaignId) -> bool;

    fn apply(&self, facts: CampaignFacts<'_>);

    /// Nobody can tell any more what is committed of a campaign: nothing is believed of it until the next telling, or
    /// until the store was asked.
    fn forget(&self, campaign: CampaignId);
}

/// Whom commits concern, and nothing of what they did: who is woken looks himself.
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

/// What is heard of a bell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    Wake(Wake),
    /// Something may have been missed; everybody should look.
    Nothing,
}

/// Told of every ring of another process; it must not block.
pub type Hear = Box<dyn Fn(Notification) + Send + Sync>;

/// Wakes those who listen or wait at other processes. A ring may be lost: whoever must know looks now and then himself.
pub trait Notifier: Send + Sync {
    /// Rings in all other processes; it must not block.
    fn notify(&self, wake: Wake);

    /// Has what the others ring told from now on; called once.
    fn listen(&self, hear: Hear);

    /// Whether rings arrive at present, as far as this process can tell.
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

/// What sells best, kept beside the store. It may be lost, and may be behind other processes' latest commits.
pub trait Ranking: Send + Sync {
    /// Told of a commit before anybody is told that it happened; it must not block.
    fn apply(&self, sold: &[DaySales]);

    /// Best first, ties by product number, like the store would say it. `None` when the store should be asked.
    fn popular(&self, window: Window, limit: usize) -> Pin<Box<dyn Future<Output = Option<Vec<Popular>>> + Send + '_>>;
}
