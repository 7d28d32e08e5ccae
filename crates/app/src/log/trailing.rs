//! Trailing groups: they follow the store's own events after the commit, so that an order does not wait for their work.
//!
//! A [`Follower`] digests a slice of events into one aggregated effect. The effect and the group's new offsets are one
//! commit, which compares the offsets: a crash repeats the slice or none of it, and of two processes one loses
//! (`docs/decisions/0064`).

pub mod alerts;
pub mod analytics;
mod effect;
pub mod figures;
pub mod statistics;

use std::collections::BTreeMap;

use domain::time::Timestamp;

use crate::events::event::EventKind;
use crate::log::group::Group;
use crate::ports::{BoxFuture, Delivery, StoreError, Trail, WantedSlice};
use crate::state::rows::{OffsetKey, OffsetMove};

pub use effect::{Effect, Follow};

/// The number of passed events after which a group's offset is committed although they changed nothing.
pub const PASSED_MAX: i64 = 1_000;

/// A trailing group's work on events, without their reading and without the commit.
pub trait Follower: Send {
    fn group(&self) -> Group;

    /// Returns the kinds of event that it digests. Others are passed unread.
    fn kinds(&self) -> &[EventKind];

    /// Returns the most events of a partition that one slice should have.
    fn slice_max(&self) -> usize {
        usize::MAX
    }

    /// Reads again what decides over the kinds; called before and after the events are read. Returns true if the kinds
    /// have changed: then events that were passed may be wanted, and the slice is read again.
    ///
    /// # Errors
    ///
    /// [`NotFollowed`] when what it reads is unreachable.
    fn refresh(&mut self) -> BoxFuture<'_, Result<bool, NotFollowed>> {
        Box::pin(std::future::ready(Ok(false)))
    }

    /// Returns true if its effect may be late while customers' commands wait for the engine.
    fn can_wait(&self) -> bool {
        false
    }

    /// Returns true if its effect leaves the process. Then events are durable before it digests them, and it may
    /// get an event again.
    fn leaves_the_process(&self) -> bool {
        false
    }

    /// Digests events, oldest first in each partition. `None`: they change nothing in the store. After an error, and
    /// after a commit that was lost, the same events come again.
    ///
    /// # Errors
    ///
    /// [`NotFollowed`] when what it reads or writes is unreachable.
    fn digest<'a>(&'a mut self, slice: &'a [Delivery]) -> BoxFuture<'a, Result<Option<Effect>, NotFollowed>>;
}

/// Why a slice was not digested. It is read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Outside(String),
}

/// The result of one pass over the events after a group's offsets.
#[derive(Debug, Default, PartialEq)]
pub struct Pass {
    /// The command's content, to be committed before the next pass. `None`: nothing is worth a commit yet.
    pub follow: Option<Follow>,
    /// The moments of the events that were digested.
    pub digested: Vec<Timestamp>,
    /// True if no more events are waiting.
    pub is_end: bool,
}

/// A group's offsets in one partition, as this process sees them.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    /// In the store.
    stored: i64,
    /// Where the next read begins; events that change nothing lie between.
    read_up_to: i64,
}

/// A follower and its place in the store's events.
pub struct Trailing {
    follower: Box<dyn Follower>,
    /// Empty until they are read from the store.
    offsets: BTreeMap<OffsetKey, Offsets>,
}

impl Trailing {
    pub fn new(follower: Box<dyn Follower>) -> Trailing {
        Trailing { follower, offsets: BTreeMap::new() }
    }

    pub fn group(&self) -> Group {
        self.follower.group()
    }

    /// Returns true if the effect may be late while customers' commands wait for the engine.
    pub fn can_wait(&self) -> bool {
        self.follower.can_wait()
    }

    /// Reads and digests the next slice, of at most `limit` events of each partition. The caller has the result
    /// committed, and then calls [`Trailing::keep`] or [`Trailing::forget`].
    ///
    /// # Errors
    ///
    /// [`NotFollowed`] when the store, or what the follower writes to, is unreachable; the next pass begins again at the
    /// offsets in the store.
    pub async fn follow_once(&mut self, trail: &mut dyn Trail, limit: usize) -> Result<Pass, NotFollowed> {
        let passed = self.pass(trail, limit).await;
        if passed.is_err() {
            self.forget();
        }
        passed
    }

    async fn pass(&mut self, trail: &mut dyn Trail, limit: usize) -> Result<Pass, NotFollowed> {
        if self.offsets.is_empty() {
            let stored = trail.offsets(self.group()).await?;
            self.offsets = stored.into_iter().map(|(key, at)| (key, Offsets { stored: at, read_up_to: at })).collect();
        }
        let from: Vec<(OffsetKey, i64)> = self.offsets.iter().map(|(key, at)| (*key, at.read_up_to)).collect();
        self.follower.refresh().await?;
        let limit = limit.min(self.follower.slice_max());
        let slice = trail.slice(WantedSlice { from: &from, kinds: self.follower.kinds(), limit }).await?;
        if self.follower.refresh().await? {
            return Ok(Pass::default());
        }
        let mut effect = None;
        if !slice.deliveries.is_empty() {
            if self.follower.leaves_the_process() {
                trail.await_durable().await?;
            }
            effect = self.follower.digest(&slice.deliveries).await?;
        }
        for (key, next) in slice.next {
            if let Some(offsets) = self.offsets.get_mut(&key) {
                offsets.read_up_to = next;
            }
        }
        let is_worth_it = effect.is_some()
            || self.follower.leaves_the_process() && !slice.deliveries.is_empty()
            || self.passed() >= PASSED_MAX;
        let follow = is_worth_it.then(|| Follow { group: self.group(), moves: self.moves(), effect });
        let digested = slice.deliveries.iter().map(|delivery| delivery.at).collect();
        Ok(Pass { follow, digested, is_end: slice.is_end })
    }

    /// Returns the number of events that were read since the last commit.
    pub fn passed(&self) -> i64 {
        self.offsets.values().map(|at| at.read_up_to - at.stored).sum()
    }

    /// Returns the moves past events that changed nothing, if there are any: then an idle group has no lag.
    pub fn pass_by(&self) -> Option<Follow> {
        let moves = self.moves();
        (!moves.is_empty()).then(|| Follow { group: self.group(), moves, effect: None })
    }

    /// The last pass is committed.
    pub fn keep(&mut self) {
        self.offsets.values_mut().for_each(|at| at.stored = at.read_up_to);
    }

    /// The last pass is not committed: the next one begins at the offsets in the store, which another process may have
    /// moved.
    pub fn forget(&mut self) {
        self.offsets.clear();
    }

    fn moves(&self) -> Vec<OffsetMove> {
        let moved = self.offsets.iter().filter(|(_, at)| at.read_up_to != at.stored);
        moved.map(|(key, at)| OffsetMove { key: *key, from: at.stored, to: at.read_up_to }).collect()
    }
}
