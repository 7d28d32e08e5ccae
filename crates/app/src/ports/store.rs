//! The port to the store that an engine writes.

use std::ops::Range;
use std::time::Duration;

use domain::ids::{CampaignId, DropId, OrderId, UserId};
use domain::time::Timestamp;

use crate::ports::error::{CommitError, LoadError, StoreError};
use crate::ports::future::BoxFuture;
use crate::state::ids::Sequence;
use crate::state::rows::{DeadLetter, Key, Message, OffsetMove, ParkKey, ParkedKey, Rows};

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
    /// A drop opens or closes.
    Drop { drop: DropId },
    /// A parked key is due for a retry, with as many events as its run allows.
    Parked { key: ParkKey, parked: ParkedKey, messages: Vec<Message> },
    /// A dead letter is due to be resent.
    DeadLetter(Box<DeadLetter>),
    /// A row that any reader of this process left out, because it cannot be read. Told once.
    Unreadable(String),
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

    /// Returns due timers: orders', then drops', then parked keys', then letters', of each at most `limit`, oldest first;
    /// in the end the unreadable rows that were found since the last call.
    fn due_timers(&mut self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<DueTimer>, StoreError>>;

    /// Returns all users with a coupon of a campaign, with their counts.
    fn holders(&mut self, campaign: CampaignId) -> BoxFuture<'_, Result<Vec<(UserId, i64)>, StoreError>>;

    /// Returns the number of statements run since the last call, for metrics. Called on the thread that runs them.
    fn take_statements(&mut self) -> u64;
}
